"""Tests of how a suite is shared among machines."""
