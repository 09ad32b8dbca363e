"""The HTTP clients, async and sync: of httpx or httpx2, for the test server only."""
