"""Mistakes by which a test would check nothing are told, by name and by line."""
