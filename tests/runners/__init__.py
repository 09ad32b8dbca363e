"""The runners that people use, each run as they run it."""
