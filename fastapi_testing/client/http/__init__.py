"""The HTTP clients, async and sync: httpx's own, for the test server only."""
