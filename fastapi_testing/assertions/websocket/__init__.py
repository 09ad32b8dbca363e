"""What a test can claim of a WebSocket: its messages, its close, its rejection."""
