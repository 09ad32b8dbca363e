"""Tests of fastapi_testing.assertions.http.cookies."""

import re
from typing import Any

import httpx

from fastapi_testing.assertions import CookieAssertions
from tests.assertions.failures import FailureAssertions


def answer(*cookies: str) -> httpx.Response:
    """Return a response to a log-in that sets these cookies."""
    request = httpx.Request("POST", "http://test/login")
    return httpx.Response(200, headers=[("Set-Cookie", cookie) for cookie in cookies], request=request)


class CookieTests(CookieAssertions, FailureAssertions):
    """assertCookie."""

    def test_value(self) -> None:
        """A cookie is there, or has the value, or matches the pattern."""
        response = answer("theme=dark", "session=abc; Path=/")
        self.assertCookie(response, "session")
        self.assertCookie(response, "session", "abc")
        self.assertCookie(response, "session", re.compile("^a"))

    def test_quoted(self) -> None:
        """A value that http.cookies had to quote is the same with and without its quotes."""
        response = answer(r'name="Ada \"A\" Lovelace"')
        self.assertCookie(response, "name", 'Ada "A" Lovelace')
        self.assertCookie(response, "name", r'"Ada \"A\" Lovelace"')

    def test_attributes(self) -> None:
        """Attributes are read as user agents read them, in upper or lower case."""
        response = answer("id=1; secure; HTTPONLY; SameSite=LAX; Path=/A; Domain=.Example.org; Max-Age=60; Max-Age=5")
        self.assertCookie(
            response,
            "id",
            secure=True,
            httponly=True,
            samesite="lax",
            path="/A",
            domain="example.org",
            max_age=5,
        )

    def test_without_flags(self) -> None:
        """A flag may be expected not to be there."""
        self.assertCookie(answer("id=1"), "id", "1", secure=False, httponly=False)

    def test_repeated(self) -> None:
        """Of a cookie that is set more than once, one has to be as expected in everything."""
        response = answer("id=1; Path=/a", "id=2; Path=/b")
        self.assertCookie(response, "id", "2", path="/b")
        with self.assertFails(
            "POST /login: expected cookie id to be '1' with Path=/b, got 'id=1; Path=/a', 'id=2; Path=/b'"
        ):
            self.assertCookie(response, "id", "1", path="/b")

    def test_missing(self) -> None:
        """A failure on a cookie that is missing names those there are."""
        with self.assertFails("POST /login: expected cookie session, but it is missing; cookies: theme, lang"):
            self.assertCookie(answer("theme=dark", "lang=en", "theme=light"), "session")
        with self.assertFails("POST /login: expected cookie session to match '^a', but it is missing; cookies: none"):
            self.assertCookie(answer(), "session", re.compile("^a"))

    def test_other_value(self) -> None:
        """A failure shows the header as it was sent, and the user's message."""
        with self.assertFails("POST /login: expected cookie id to be '1', got 'id=2; HttpOnly' : not logged in"):
            self.assertCookie(answer("id=2; HttpOnly"), "id", "1", "not logged in")

    def test_other_attributes(self) -> None:
        """A failure names every attribute that was expected."""
        expected = "Secure, no HttpOnly, SameSite=strict, Path=/, Domain=example.org, Max-Age=60"
        with self.assertFails(f"POST /login: expected cookie id with {expected}, got 'id=2; HttpOnly'"):
            self.assertCookie(
                answer("id=2; HttpOnly"),
                "id",
                secure=True,
                httponly=False,
                samesite="strict",
                path="/",
                domain="example.org",
                max_age=60,
            )

    def test_path_case(self) -> None:
        """A path is another one in upper case."""
        with self.assertFails("POST /login: expected cookie id with Path=/a, got 'id=1; Path=/A'"):
            self.assertCookie(answer("id=1; Path=/A"), "id", path="/a")

    def test_wrong_value(self) -> None:
        """A value that is no text is refused."""
        value: Any = 1
        with self.assertRaisesRegex(TypeError, "^expected cookie value 1 is not understood: give a str, or a compiled"):
            self.assertCookie(answer(), "id", value)


class NoCookieTests(CookieAssertions, FailureAssertions):
    """assertNoCookie."""

    def test_none(self) -> None:
        """A cookie is not set, others may be."""
        self.assertNoCookie(answer("theme=dark"), "session")

    def test_set(self) -> None:
        """A failure shows the cookie, also one that deletes."""
        with self.assertFails("POST /login: expected no cookie id, got 'id=\"\"; Max-Age=0' : why?"):
            self.assertNoCookie(answer('id=""; Max-Age=0'), "id", "why?")
