"""What a test can claim of a response: its status, headers, cookies and errors."""
