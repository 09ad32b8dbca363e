"""By how much a process grows."""
