"""Schemas that are made once a run: which classes have the same one, and the copies that they are given of it."""
