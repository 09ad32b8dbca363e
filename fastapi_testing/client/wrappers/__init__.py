"""What is put around a transport: the origin it may ask, the end of a request, the way from another thread."""
