"""Tests of fastapi_testing.assertions.openapi."""
