"""Which status codes a test expects, apart from the assertions that ask."""

import unittest
from http import HTTPStatus

from fastapi_testing.assertions.comparing.status import StatusChoice


class StatusChoiceTests(unittest.TestCase):
    """Codes, classes of codes, and collections of both."""

    def test_code(self) -> None:
        """A code stands for itself, also as a member of HTTPStatus, and is shown as a number."""
        choice = StatusChoice.parse(HTTPStatus.CREATED)
        self.assertEqual([code for code in range(100, 600) if code in choice], [201])
        self.assertEqual(str(choice), "201")

    def test_class(self) -> None:
        """A class stands for its hundred codes, and for no other."""
        choice = StatusChoice.parse("2XX")
        self.assertEqual([code for code in range(100, 600) if code in choice], list(range(200, 300)))

    def test_collection(self) -> None:
        """The members of a set are shown in order, those of a list as they stand."""
        self.assertEqual(str(StatusChoice.parse({"4xx", 204, 200})), "200, 204 or 4xx")
        self.assertEqual(str(StatusChoice.parse([404, 200])), "404 or 200")
