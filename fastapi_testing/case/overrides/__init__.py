"""What a test replaces, and gets back at its end: dependencies and environment variables."""
