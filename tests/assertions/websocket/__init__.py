"""Tests of fastapi_testing.assertions.websocket."""
