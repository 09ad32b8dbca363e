"""What a test can claim of a JSON document: its values, a schema, a path, a model."""
