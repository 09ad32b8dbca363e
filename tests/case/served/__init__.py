"""Tests of fastapi_testing.case.served."""
