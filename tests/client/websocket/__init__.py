"""Tests of fastapi_testing.client.websocket."""
