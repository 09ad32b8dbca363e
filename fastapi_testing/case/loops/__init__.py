"""The event loop of test classes, and what its runner asks of every case."""
