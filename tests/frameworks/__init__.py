"""The same tests on apps of several frameworks: what holds for all of them, and what does not."""
