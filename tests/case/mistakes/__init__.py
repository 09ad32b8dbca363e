"""Mistakes by which a test would check nothing."""
