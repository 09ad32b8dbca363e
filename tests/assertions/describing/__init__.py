"""Tests of fastapi_testing.assertions.describing."""
