"""Tests of fastapi_testing.databases.provision."""
