"""Tests of fastapi_testing.hints."""
