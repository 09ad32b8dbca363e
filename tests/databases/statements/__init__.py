"""Tests of fastapi_testing.databases.statements."""
