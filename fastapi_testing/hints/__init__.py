"""What to write here in place of names that tests bring along from other frameworks."""

__all__: list[str] = []
