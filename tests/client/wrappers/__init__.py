"""Tests of fastapi_testing.client.wrappers."""
