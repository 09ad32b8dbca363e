"""Tests of fastapi_testing.client.transport."""
