"""Transports around a transport: one refuses other origins, one waits for the app's end, one serves another thread."""
