"""HTTP/1.1 over loopback: the wire under httpx, as quick as a call in process."""
