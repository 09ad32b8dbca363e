"""What a test can claim of Server-Sent Events."""
