"""How tests are kept apart: by a transaction that is rolled back, or by giving tables back what they held."""
