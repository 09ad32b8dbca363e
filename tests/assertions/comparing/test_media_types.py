"""Media types and their ranges, as RFC 9110 has them."""

import unittest

from fastapi_testing.assertions.comparing.media_types import MediaType


class MediaTypeTests(unittest.TestCase):
    """Reading and comparing them."""

    def test_parameters(self) -> None:
        """Names, parameters and quoted values are read whatever their case and order."""
        self.assertEqual(
            MediaType.parse('Text/HTML; Charset="UTF-8"; q=1'), MediaType.parse("text/html;q=1;charset=utf-8")
        )

    def test_ranges(self) -> None:
        """A range covers its types, one without parameters those with any, and never the other way round."""
        plain, utf8 = MediaType.parse("text/plain"), MediaType.parse("text/plain; charset=utf-8")
        for wide in (MediaType.parse("*/*"), MediaType.parse("text/*"), plain):
            with self.subTest(wide=wide):
                self.assertTrue(wide.covers(utf8))
                self.assertFalse(utf8.covers(wide))
        self.assertFalse(MediaType.parse("image/*").covers(plain))

    def test_precision(self) -> None:
        """The narrower a range, the higher its precision."""
        texts = ["text/plain; charset=utf-8", "text/plain", "text/*", "*/*"]
        self.assertEqual(sorted(texts, key=lambda text: MediaType.parse(text).precision, reverse=True), texts)
