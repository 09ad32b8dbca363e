"""Tests of fastapi_testing.case.loops."""
