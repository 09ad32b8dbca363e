"""An event loop on a thread of its own, and the calls of other threads to it."""
