"""Secrets in text: what is hidden, and what is not."""

import unittest

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from fastapi_testing.masking import mask, mask_exception

HIDDEN = {
    "a bearer token": ("authorization: Bearer abcd.efgh.1234", "authorization: Bearer ****1234"),
    "another scheme": ("Authorization: Digest username=ada12345", "Authorization: Digest ****2345"),
    "no scheme": ("Authorization: 0123456789", "Authorization: ****6789"),
    "a Basic password": ("Authorization: Basic YWRhOmxvdmVsYWNlMTg0Mw==", "Authorization: Basic ada:****1843"),
    "credentials in a sentence": ("got 'Bearer abcdefgh1234'", "got 'Bearer ****1234'"),
    "Basic that is no base64": ("Basic 12345678", "Basic ****5678"),
    "cookies": ("cookie: session=abcdefgh; theme=dark", "cookie: session=****efgh; theme=dark"),
    "a set cookie": (
        "set-cookie: session=abcdefgh; Path=/; Max-Age=60; HttpOnly",
        "set-cookie: session=****efgh; Path=/; Max-Age=60; HttpOnly",
    ),
    "a header": ("  x-api-key: 0123456789", "  x-api-key: ****6789"),
    "a header in a diff": ("- X-Auth-Token: 0123456789", "- X-Auth-Token: ****6789"),
    "headers as bytes": ("[(b'x-api-key', b'0123456789')]", "[(b'x-api-key', b'****6789')]"),
    "headers as a list": ("[('Cookie', 'a=12345678')]", "[('Cookie', 'a=****5678')]"),
    "a header in a dict": ("{'authorization': 'Bearer 12345678'}", "{'authorization': 'Bearer ****5678'}"),
    "cookies in a dict": ("{'set-cookie': 'a=12345678; Path=/'}", "{'set-cookie': 'a=****5678; Path=/'}"),
    "a member": ('{"password": "correct horse"}', '{"password": "****orse"}'),
    "a member of one's own": ("{'refreshToken': \"it's mine\"}", '{\'refreshToken\': "****mine"}'),
    "a member in a string": (r'"{\"api_key\": \"0123456789\"}"', r'"{\"api_key\": \"****6789\"}"'),
    "a short one": ('{"pin": "1234"}', '{"pin": "****"}'),
    "a query": ("GET /login?next=/x&token=0123456789: no", "GET /login?next=/x&token=****6789: no"),
    "a form": ("user=ada&client_secret=0123456789", "user=ada&client_secret=****6789"),
    "a repr": ("User(name='ada', password='lovelace1')", "User(name='ada', password='****ace1')"),
    "a URL": ("postgresql://ada:lovelace1@db/shop", "postgresql://ada:****ace1@db/shop"),
    "a difference": ('$.user.password: expected "12345678", got "abcdefgh"',
                     '$.user.password: expected "****5678", got "****efgh"'),
    "a difference in brackets": ("$['api key']: extra, got \"abcdefgh\"", "$['api key']: extra, got \"****efgh\""),
    "a claim of a header": ("expected header X-API-Key '12345678', got 'abcdefgh'",
                            "expected header X-API-Key '****5678', got '****efgh'"),
    "a claim of a cookie": ("expected cookie sid '12345678', got 'sid=abcdefgh; Path=/'",
                            "expected cookie sid '****5678', got 'sid=****efgh; Path=/'"),
}  # fmt: skip
"""What there is, and what is printed of it."""

SHOWN = [
    '{"token_type": "bearer", "key": "value", "max_tokens": 10, "author": "ada", "passenger": "ada lovelace"}',
    "Bearer authentication is needed, not Basic authentication",
    "Authorization: ",
    "Token: a word before a colon",
    "loc: ['body', 'password', 'x'], ('password', 'too short')",
    "password: field required",
    "GET /tokens?page=2",
    '{"password": "", "token": null}',
    "User(password=None, token=True, pin=12), connect(token=settings.token), if token==other: GET /?cookie=1: 200",
    'Bearer resource_metadata="https://example.org/", Basic charset="UTF-8"',
    r'"{\"password\": \"\", \"name\": \"ada lovelace\"}"',
    '$.user.name: expected "ada lovelace", got "lovelace"',
    '$.password: expected "", got 5',
    "expected header Content-Type 'text/plain', got 'application/json'",
    "expected header X-API-Key '', got none",
    "expected cookie theme 'dark', got 'theme=light; Path=/'",
    "Basic YWRhLWxvdmVsYWNl",
]
"""What has no secret in it."""


class MaskTests(unittest.TestCase):
    """Text, whoever wrote it."""

    def test_hidden(self) -> None:
        """Secrets are known by their names, wherever they stand, and show their last four characters."""
        for what, (text, masked) in HIDDEN.items():
            with self.subTest(what):
                self.assertEqual(mask(text), masked)

    def test_long(self) -> None:
        """What is long takes time in proportion."""
        self.assertEqual(mask("\\" * 200_000), "\\" * 200_000)

    def test_hidden_once(self) -> None:
        """What is masked already stays as it is."""
        for what, (_, masked) in HIDDEN.items():
            with self.subTest(what):
                self.assertEqual(mask(masked), masked)

    def test_shown(self) -> None:
        """Other names, words that only look like one, and empty values stay."""
        for text in SHOWN:
            with self.subTest(text):
                self.assertEqual(mask(text), text)

    @settings(suppress_health_check=[HealthCheck.too_slow])
    @given(st.text(st.sampled_from("ab=&;:,.'\"\\ (){}[]\n$token-cookie12345678")))
    def test_any_text(self, text: str) -> None:
        """No text is too odd to be masked, and masking again changes nothing."""
        self.assertEqual(mask(mask(text)), mask(text))


class MaskExceptionTests(unittest.TestCase):
    """Exceptions, in place."""

    def test_message_and_notes(self) -> None:
        """The message and the notes are masked; other arguments and other notes are left alone."""
        error = AssertionError('{"token": "abcdefgh"}')
        error.add_note("cookie: a=12345678")
        error.__notes__.append(5)  # type: ignore[arg-type]
        mask_exception(error)
        self.assertEqual((str(error), error.__notes__), ('{"token": "****efgh"}', ["cookie: a=****5678", 5]))

    def test_other_arguments(self) -> None:
        """An exception that has more to it than a message keeps what it has."""
        error = OSError(2, "token=12345678")
        mask_exception(error)
        self.assertEqual(error.args, (2, "token=12345678"))
