"""Tests of fastapi_testing.client.http."""
