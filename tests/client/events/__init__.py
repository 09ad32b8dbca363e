"""Tests of fastapi_testing.client.events."""
