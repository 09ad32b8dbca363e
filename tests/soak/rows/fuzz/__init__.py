"""What several clients see of the same thing, on the same server."""
