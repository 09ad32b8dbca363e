"""Tests of fastapi_testing.server.tls."""
