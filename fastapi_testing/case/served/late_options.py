"""Headers and cookies that a test has set on itself, and that its client does not send."""

from collections.abc import Iterable, Mapping
from typing import Any

from fastapi_testing.case.served.given_client import http_of
from fastapi_testing.server.recording.exchange import Exchange

__all__ = ["note_late_options"]

_NAMES = ("headers", "cookies")


def note_late_options(
    failure: BaseException, own: Mapping[str, Any], client: Any, exchanges: Iterable[Exchange]
) -> None:
    """
    Add to a failure that headers or cookies have no effect: they were set when the client was there already.

    Args:
        failure: The failure.
        own: What the test itself has, its class aside.
        client: The client that it has had by then.
        exchanges: What it has asked: what it has given to a request itself has had an effect.
    """
    http = http_of(client)
    for name in _NAMES:
        wanted = _pairs_of(own.get(name))
        if (
            wanted
            and not wanted <= _pairs_of(getattr(http, name, {}))
            and not any(_were_sent(name, wanted, exchange) for exchange in exchanges)
        ):
            note = (
                f"self.{name} was set when self.client was there already, which does not send them: write "
                f"self.client.{name}.update(...), or set them before its first use"
            )
            if note not in getattr(failure, "__notes__", ()):
                failure.add_note(note)


def _pairs_of(value: Any) -> set[tuple[str, str]]:
    """Return the pairs of a mapping, names in lower case; none of what is something else by that name."""
    pairs = value.items() if isinstance(value, Mapping) else ()
    return {(name.lower(), text) for name, text in pairs if isinstance(name, str) and isinstance(text, str)}


def _were_sent(name: str, wanted: set[tuple[str, str]], exchange: Exchange) -> bool:
    sent = {(key.decode("latin-1"), value.decode("latin-1")) for key, value in exchange.request_headers}
    if name == "headers":
        return wanted <= sent
    cookies = dict(sent).get("cookie", "").lower()
    return all(f"{key}={value}".lower() in cookies for key, value in wanted)
