"""Tests of :mod:`fastapi_testing.databases`, on SQLite and on a real PostgreSQL."""
