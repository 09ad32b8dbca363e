"""Tests of fastapi_testing.assertions.eventually."""
