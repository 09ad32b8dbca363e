"""Tests of fastapi_testing.case.guards."""
