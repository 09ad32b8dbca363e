"""Tests of fastapi_testing.server.serving."""
