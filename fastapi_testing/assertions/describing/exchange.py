"""What lies behind a response, as text: the app's traceback, what it logged, and the request it was for."""

import logging
from collections.abc import Iterable, Mapping
from textwrap import indent
from typing import Any, Protocol

from fastapi_testing.assertions.describing.describe import cut
from fastapi_testing.server.recording.kept import message_of
from fastapi_testing.server.recording.stacks import app_traceback

__all__ = ["ExchangeLike", "describe_behind", "describe_exchange", "describe_withheld", "exchange_behind"]

_RECORDS = 20
"""Log records that are shown, the last ones."""

_BODY = 2000
"""Characters of the request's body that are shown."""

_CLIENTS_OWN = {
    "accept": "*/*",
    "accept-encoding": None,
    "connection": None,
    "content-length": None,
    "host": None,
    "sec-websocket-extensions": None,
    "sec-websocket-key": None,
    "sec-websocket-version": None,
    "transfer-encoding": None,
    "upgrade": None,
    "user-agent": None,
}
"""Request headers that a client sends by itself: any value of those with None, else this one."""


class ExchangeLike(Protocol):
    """What the server recorded of a request; ``str()`` of it names the request."""

    @property
    def app_traceback(self) -> str:
        """The traceback of the exception that the app raised, or answered 500 for; empty where there is none."""
        ...

    @property
    def log_records(self) -> Iterable[logging.LogRecord]:
        """What the app logged meanwhile."""
        ...

    @property
    def endpoint(self) -> str:
        """The name of the function that answered; empty where there is none."""
        ...


def exchange_behind(answer: Any) -> ExchangeLike | None:
    """Return the exchange that a response, or a WebSocket, carries; None for one that does not."""
    extensions = getattr(answer, "extensions", None)
    if isinstance(extensions, Mapping) and "exchange" in extensions:
        exchange: ExchangeLike | None = extensions["exchange"]
        return exchange
    found = getattr(answer, "exchange", None)
    return found if hasattr(found, "app_traceback") else None


def describe_behind(answer: Any) -> str:
    """Return what lies behind a response or a WebSocket, on lines that follow a message; empty if nothing does."""
    exchange = exchange_behind(answer)
    if exchange is None:
        return ""
    why = f"{_obstacle(exchange)}{describe_withheld(exchange)}"
    return f"{why}{describe_exchange(exchange)}{_describe_request(getattr(answer, 'request', None))}"


def describe_exchange(exchange: ExchangeLike) -> str:
    """Return the app's traceback and what it logged, on lines that follow a message; empty if there is neither."""
    traceback = exchange.app_traceback
    return f"{_describe_exception(exchange, traceback)}{_describe_logs([*exchange.log_records], traceback)}"


def describe_withheld(exchange: Any) -> str:
    """Return which cookies were not sent, on a line that follows a message; empty if none."""
    names = getattr(exchange, "withheld", ())
    if not names:
        return ""
    which = f"the cookie {names[0]!r}" if len(names) == 1 else f"the cookies {', '.join(map(repr, names))}"
    return (
        f"\nthe client has {which} and did not send {'it' if len(names) == 1 else 'them'}: a Secure cookie is not sent "
        f"over http; say base_url = 'https://...' or tls = True in the class, or have the app make it "
        f"without Secure in tests"
    )


def _obstacle(exchange: ExchangeLike) -> str:
    """Return why no handler of the app was called, as far as what was recorded tells it."""
    obstacle = getattr(exchange, "obstacle", "")
    return f"\n{obstacle}" if obstacle else ""


def _describe_exception(exchange: ExchangeLike, traceback: str) -> str:
    if not traceback:
        return ""
    where = f", in {exchange.endpoint}" if exchange.endpoint else ""
    return f"\nthe app raised, for {exchange}{where}:\n{indent(traceback, '  ')}"


def _describe_logs(records: list[logging.LogRecord], shown_traceback: str) -> str:
    if not records:
        return ""
    shown = records[-_RECORDS:]
    some = f" (the last {len(shown)} of {len(records)})" if len(shown) < len(records) else ""
    lines = (indent(_describe_record(record, shown_traceback), "  ") for record in shown)
    return f"\nthe app logged{some}:\n" + "\n".join(lines)


def _describe_record(record: logging.LogRecord, shown_traceback: str) -> str:
    traceback = _logged_traceback(record)
    rest = "" if traceback in ("", shown_traceback) else f"\n{indent(traceback, '  ')}"
    return f"{record.levelname} {record.name}: {cut(message_of(record), _BODY)}{rest}"


def _logged_traceback(record: logging.LogRecord) -> str:
    _, exception, traceback = record.exc_info or (None, None, None)
    return record.exc_text or "" if exception is None else app_traceback(exception, traceback)


def _describe_request(request: Any) -> str:
    """Return the headers and the body with which something was asked, without what every request has."""
    headers = getattr(request, "headers", None)
    items = headers.items() if isinstance(headers, Mapping) else ()
    lines = [f"{name}: {value}" for name, value in items if _says_something(name.lower(), value)]
    if body := _body(request):
        lines.append(cut(body, _BODY))
    return "\nthe request:\n" + indent("\n".join(lines), "  ") if lines else ""


def _says_something(name: str, value: str) -> bool:
    return name not in _CLIENTS_OWN or _CLIENTS_OWN[name] not in (None, value)


def _body(request: Any) -> str:
    try:
        content = request.content
    except (AttributeError, RuntimeError):  # httpx raises the latter for a body that was streamed
        return ""
    if not isinstance(content, bytes):
        return ""
    try:
        return content.decode()
    except UnicodeDecodeError:
        return f"<{len(content)} bytes>"
