"""Server-Sent Events as a client reads them."""
