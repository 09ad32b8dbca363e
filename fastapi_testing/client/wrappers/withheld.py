"""Cookies that a client has and does not send: those with ``Secure``, where the connection is no TLS."""

from typing import Any

import httpx

__all__ = ["REFUSALS", "note_withheld"]

REFUSALS = frozenset({401, 403})
"""The statuses of an app that does not know who asks (RFC 9110 §15.5.2 and §15.5.4)."""


def note_withheld(cookies: Any, response: Any) -> None:
    """
    Give the exchange of a refusal the names of the cookies that its client would have sent over TLS (RFC 6265 §5.4).

    Args:
        cookies: Those of the client, of httpx or httpx2, before it takes the ones of the response.
        response: The refusal.
    """
    exchange = response.extensions.get("exchange")
    request = response.request
    if exchange is not None and request.url.scheme == "http":
        over_tls = httpx.Request("GET", httpx.URL(str(request.url)).copy_with(scheme="https"))
        jar = httpx.Cookies()
        jar.jar = cookies.jar
        jar.set_cookie_header(over_tls)
        exchange.withheld = sorted(_names(over_tls) - _names(request))


def _names(request: Any) -> set[str]:
    pairs = request.headers.get("Cookie", "").split(";")
    return {pair.partition("=")[0].strip() for pair in pairs} - {""}
