"""Tests of fastapi_testing.assertions.events."""
