"""What happened inside: each call of the app, with what it answered, raised, logged and left."""
