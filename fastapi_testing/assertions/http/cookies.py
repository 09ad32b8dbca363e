"""What a test can claim of the cookies that a response sets."""

from dataclasses import dataclass
from http.cookies import SimpleCookie
from typing import Any, Self

from fastapi_testing.assertions.comparing.patterns import (
    ANYTHING,
    TextOrPattern,
    check_text_or_pattern,
    describe_text_or_pattern,
    matches,
)
from fastapi_testing.assertions.describing.base import DocumentAssertions
from fastapi_testing.assertions.describing.response import Response, header_values

__all__ = ["CookieAssertions", "SetCookie"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


@dataclass(frozen=True)
class SetCookie:
    """
    A cookie as a response sets it (RFC 6265 §5.2).

    Attributes:
        text: The value of the Set-Cookie header.
        name: The name.
        value: The value as it was sent.
        attributes: The attributes by their names in lower case; of one that is repeated, the last.
    """

    text: str
    name: str
    value: str
    attributes: dict[str, str]

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the value of a Set-Cookie header."""
        pair, *attributes = text.split(";")
        name, value = _split(pair)
        return cls(text, name, value, {key.lower(): setting for key, setting in map(_split, attributes)})

    @property
    def decoded_value(self) -> str:
        """The value without the quotes and escapes that :mod:`http.cookies`, and so Starlette, puts around spaces."""
        decoded: str = SimpleCookie().value_decode(self.value)[0]
        return decoded


class CookieAssertions(DocumentAssertions):
    """
    Assertions on cookies, for any test case.

    They look at the Set-Cookie headers of the response that they are given. Where redirects were followed, a cookie may
    have been set on the way, by one of ``response.history``.
    """

    def assertCookie(
        self,
        response: Response,
        name: str,
        value: TextOrPattern = ANYTHING,
        msg: Any = None,
        *,
        secure: bool | None = None,
        httponly: bool | None = None,
        samesite: str | None = None,
        path: str | None = None,
        domain: str | None = None,
        max_age: int | None = None,
    ) -> None:
        """
        Fail unless the response sets the cookie (RFC 6265 §4.1).

        ::

            self.assertCookie(response, "session", secure=True, httponly=True, samesite="lax")

        What is not given may be as it will. Of a cookie that is set more than once, one has to be as expected. One that
        is deleted is set too, with a ``max_age`` of 0.

        Args:
            response: The response.
            name: The name of the cookie.
            value: Its value, with or without the quotes around it; or a compiled pattern to search it for.
            msg: What to say besides.
            secure: Whether it is sent over TLS only.
            httponly: Whether it is kept from scripts.
            samesite: ``"lax"``, ``"strict"`` or ``"none"``, in upper or lower case.
            path: The path that it is for.
            domain: The domain that it is for; a dot before it does not count.
            max_age: For how many seconds it is kept.

        Raises:
            TypeError: If ``value`` is neither a str nor a compiled pattern.
        """
        check_text_or_pattern("expected cookie value", value)
        flags = {"Secure": secure, "HttpOnly": httponly}
        settings = {"SameSite": samesite, "Path": path, "Domain": domain, "Max-Age": max_age}
        cookies = _cookies(response)
        found = [cookie for cookie in cookies if cookie.name == name]
        if not any(_is_value(cookie, value) and _has(cookie, flags, settings) for cookie in found):
            wanted = f"{name}{describe_text_or_pattern(value)}{_describe_attributes(flags, settings)}"
            self._fail(response, f"expected cookie {wanted}, {_describe_found(found, cookies)}", msg)

    def assertNoCookie(self, response: Response, name: str, msg: Any = None) -> None:
        """
        Fail if the response sets the cookie, or deletes it.

        Args:
            response: The response.
            name: The name of the cookie.
            msg: What to say besides.
        """
        cookies = _cookies(response)
        found = [cookie for cookie in cookies if cookie.name == name]
        if found:
            self._fail(response, f"expected no cookie {name}, {_describe_found(found, cookies)}", msg)


def _split(pair: str) -> tuple[str, str]:
    name, _, value = pair.partition("=")
    return name.strip(), value.strip()


def _cookies(response: Response) -> list[SetCookie]:
    return [SetCookie.parse(text) for text in header_values(response, "Set-Cookie")]


def _is_value(cookie: SetCookie, expected: TextOrPattern) -> bool:
    return matches(expected, cookie.value) or matches(expected, cookie.decoded_value)


def _has(cookie: SetCookie, flags: dict[str, bool | None], settings: dict[str, str | int | None]) -> bool:
    return all((name.lower() in cookie.attributes) == flag for name, flag in flags.items() if flag is not None) and all(
        _normalize(name, cookie.attributes.get(name.lower())) == _normalize(name, str(setting))
        for name, setting in settings.items()
        if setting is not None
    )


def _normalize(name: str, setting: str | None) -> str | None:
    if setting is None or name == "Path":
        return setting
    return setting.lower().removeprefix(".") if name == "Domain" else setting.lower()


def _describe_attributes(flags: dict[str, bool | None], settings: dict[str, str | int | None]) -> str:
    parts = [name if flag else f"no {name}" for name, flag in flags.items() if flag is not None]
    parts += [f"{name}={setting}" for name, setting in settings.items() if setting is not None]
    return f" with {', '.join(parts)}" if parts else ""


def _describe_found(found: list[SetCookie], cookies: list[SetCookie]) -> str:
    if found:
        return f"got {', '.join(repr(cookie.text) for cookie in found)}"
    names = dict.fromkeys(cookie.name for cookie in cookies)
    return f"but it is missing; cookies: {', '.join(names) or 'none'}"
