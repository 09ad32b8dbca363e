"""Tests of fastapi_testing.server.recording."""
