"""A catalogue of songs, and a WebSocket that announces the new ones."""
