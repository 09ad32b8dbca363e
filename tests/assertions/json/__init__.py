"""Tests of fastapi_testing.assertions.json."""
