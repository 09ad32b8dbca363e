"""The life of a server: its socket, the app's lifespan, its start and its end."""
