"""Which routes an app has, and why none of them took a request."""
