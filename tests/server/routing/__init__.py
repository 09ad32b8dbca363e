"""Tests of fastapi_testing.server.routing."""
