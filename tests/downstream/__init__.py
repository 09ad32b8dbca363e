"""The unittest suites of other checkouts, run against this one: ``python -m tests.downstream PATH...``."""
