"""The test cases that serve an app, and the servers that classes share."""
