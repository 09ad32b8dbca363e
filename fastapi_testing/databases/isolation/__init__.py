"""How tests are kept apart: one transaction rolled back, or tables given back what they held."""
