"""Tests of fastapi_testing.databases.isolation."""
