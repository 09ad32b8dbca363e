"""What a test leaves, raises unseen or hangs in: noted while it runs, judged at its end."""
