"""Tests of fastapi_testing.server.threads."""
