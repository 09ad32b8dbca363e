"""Tests of fastapi_testing.databases.baselines."""
