"""The event loop of test classes, and what every case owes to its runner."""
