"""What a test can claim of something that is not yet so."""
