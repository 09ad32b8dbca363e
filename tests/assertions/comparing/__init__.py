"""Tests of fastapi_testing.assertions.comparing."""
