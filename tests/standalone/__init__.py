"""Tests of fastapi_testing.standalone."""
