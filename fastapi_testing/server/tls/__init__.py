"""How a server speaks TLS: options, certificates, the handshake, and what clients need for it."""
