"""Tests of fastapi_testing.assertions.http."""
