"""Tests of fastapi_testing.case.overrides."""
