"""WebSockets: their handshake, and the sessions that tests hold."""
