"""The exceptions: what they carry, and the tree in their docstring."""

import pickle
import unittest

from fastapi_testing import errors


def tree(cls: type[Exception]) -> list[str]:
    """Return the names of an exception and of those derived from it, depth first, in alphabetical order."""
    below = sorted(cls.__subclasses__(), key=lambda derived: derived.__name__)
    return [cls.__name__, *(name for derived in below for name in tree(derived))]


class ErrorTests(unittest.TestCase):
    """All of them."""

    def test_tree(self) -> None:
        """The tree in the module's docstring is the one that the classes make."""
        docstring = errors.__doc__ or ""
        drawn = [line.strip(" │├└─").partition(" ")[0] for line in docstring.splitlines() if line.startswith("    ")]
        self.assertEqual(drawn, tree(errors.FastAPITestingError))
        self.assertEqual(sorted(drawn), errors.__all__)

    def test_foreign_url(self) -> None:
        """A ForeignURLError carries the URL and the origin, also to another process."""
        error = pickle.loads(pickle.dumps(errors.ForeignURLError("http://a/b", "http://c")))  # noqa: S301 - pickled here
        self.assertEqual((error.url, error.origin), ("http://a/b", "http://c"))
        self.assertRegex(str(error), "^http://a/b is not on the test server at http://c: ")
