"""What a database held before a test, and how it gets that back."""
