"""Status codes as texts have them."""

import unittest

from fastapi_testing.server.statuses import name_status


class StatusTests(unittest.TestCase):
    """A code and its phrase."""

    def test_phrases(self) -> None:
        """The phrase that came counts, then the one that belongs to the code; a code of nobody's has none."""
        for status, came, expected in (
            (404, "", "404 Not Found"),
            (404, "No Such Song", "404 No Such Song"),
            (299, "", "299"),
            (299, "Odd", "299 Odd"),
        ):
            with self.subTest(status=status, came=came):
                self.assertEqual(name_status(status, came), expected)
