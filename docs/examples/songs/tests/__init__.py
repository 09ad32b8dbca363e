"""The tests: ``python -m unittest`` in the folder above runs them."""
