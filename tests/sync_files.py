"""
The files for tests that are no coroutines, generated from those for tests that are.

Where the two are the same but for ``await``, only the asynchronous one is written by hand.
``python -m tests.sync_files`` tells which of the others are not up to date; with ``--write`` it writes them. How a test
waits, and what websockets has in two kinds, is not the same: that is written by hand for both, and what is generated
stands on it.
"""

import re
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent

PACKAGE = ROOT / "fastapi_testing"

HEADER = "# Generated from {source} by `python -m tests.sync_files --write`: change that file, not this one.\n"

WORDS = {
    "async def": "def",
    "async for": "for",
    "async with": "with",
    "__aenter__": "__enter__",
    "__aexit__": "__exit__",
    "__aiter__": "__iter__",
    "__anext__": "__next__",
    "aclose": "close",
    "httpx.AsyncClient": "httpx.Client",
    "StopAsyncIteration": "StopIteration",
    "asend": "send",
    "async_auth_flow": "sync_auth_flow",
    "aread": "read",
    "handle_async_request": "handle_request",
    "httpx.AsyncByteStream": "httpx.SyncByteStream",
    "library.AsyncByteStream": "library.SyncByteStream",
    "library.AsyncClient": "library.Client",
    "lean_client": "lean_sync_client",
    # What has a name of its own on either side.
    "AwaitedStream": "WaitingStream",
    "AwaitedHandshakes": "WaitingHandshakes",
    "AwaitedMessages": "WaitingMessages",
    "Connecting": "SyncConnecting",
    "EventAssertions": "SyncEventAssertions",
    "EventSource": "SyncEventSource",
    "EventStream": "SyncEventStream",
    "LeanClient": "LeanSyncClient",
    "ReceivingConnection": "SyncReceivingConnection",
    "WebSocketAssertions": "SyncWebSocketAssertions",
    "WebSocketConnection": "SyncWebSocketConnection",
    "WebSocketSession": "SyncWebSocketSession",
    "attempt_of": "sync_attempt_of",
    "open_connection": "sync_open_connection",
    "receive_next": "sync_receive_next",
    "source_of": "sync_source_of",
}
"""What a word of the asynchronous file is in the other one; ``await`` is not there at all."""


@dataclass(frozen=True)
class Pair:
    """
    A file that is written by hand, and the one that is generated from it.

    Attributes:
        folder: Where both are, in the package.
        source: The name of the first; that of the second has ``sync_`` before it.
        phrases: What the second one says in other words.
        words: Words of :data:`WORDS` that stay as they are.
    """

    folder: str
    source: str
    phrases: dict[str, str] = field(default_factory=dict)
    words: frozenset[str] = frozenset()

    @property
    def source_path(self) -> Path:
        """The file that is written by hand."""
        return PACKAGE / self.folder / self.source

    @property
    def target_path(self) -> Path:
        """The file that is generated."""
        return PACKAGE / self.folder / f"sync_{self.source}"

    def generate(self) -> str:
        """Return what the generated file has to say."""
        source = self.source_path.read_text("utf-8")
        if missing := [phrase for phrase in self.phrases if phrase not in source]:
            raise ValueError(f"{self.source_path} does not say {missing[0]!r}")
        text = _translate(source, self.phrases, {word: to for word, to in WORDS.items() if word not in self.words})
        return _format(HEADER.format(source=self.source) + text, self.target_path)

    def is_current(self) -> bool:
        """Tell whether the generated file says it."""
        return self.target_path.is_file() and self.target_path.read_text("utf-8") == self.generate()

    def write(self) -> None:
        """Write the generated file."""
        self.target_path.write_text(self.generate(), "utf-8")


PAIRS: tuple[Pair, ...] = (
    Pair("client/http", "lean.py", {"for requests that are awaited": "for tests that are no coroutines"}),
    Pair(
        "assertions/websocket",
        "sessions.py",
        {
            "What a test can": "What a plain test can",
            "for any test case whose tests are coroutines": "for any test case whose tests are no coroutines",
            "the asyncio connections of websockets": "the connections of :mod:`websockets.sync`",
            'assertWebSocketRejected(self.ws.connect("/private", headers=wrong_token), 401)': (
                'assertWebSocketRejected(lambda: self.ws.connect("/private", headers=wrong_token), 401)'
            ),
            "what performs the handshake when it is awaited.": "a function that connects.",
            "that the handshake may take.": "that the handshake for a path may take; a function knows its own.",
            "neither a path nor awaitable": "neither a path nor a function",
        },
    ),
    Pair(
        "assertions/events",
        "streams.py",
        {
            "What a test can": "What a plain test can",
            "for any test case": "for any test case whose tests are no coroutines",
            "AsyncIterable, Iterable": "Iterable",
            "AsyncIterable[Event] | Iterable[Event]": "Iterable[Event]",
        },
    ),
    Pair(
        "client/events",
        "stream.py",
        {
            "as a test receives them": "for plain tests",
            "which opens where it is entered and closes where it is left.": "for tests that are no coroutines.",
            "hold here too.": (
                "hold here too.\n        thread: The thread of the event loop on which the client's connections are."
            ),
            "another task waits": "another thread waits",
        },
    ),
    Pair(
        "client/websocket",
        "conversation.py",
        {
            "What a test says": "What a plain test says",
            "within ``timeout`` seconds.": "within ``timeout`` seconds; the connection is cut then.",
            " (websockets has a ``drain()`` of its own, for the\n        flow control of its sends.)": "",
        },
    ),
    Pair(
        "client/websocket",
        "following.py",
        {
            "Where handshakes lead:": "Where handshakes lead in plain tests:",
            "websocket.session": "websocket.sync_session",
            "Awaitable[WebSocketSession]": "SyncWebSocketSession",
        },
    ),
)


def _translate(source: str, phrases: dict[str, str], words: dict[str, str]) -> str:
    """Return the source of the other file, in one pass: what was put in is not looked at again."""
    table = {"await ": ""} | words | phrases
    either = [*map(re.escape, phrases), r"\bawait ", *(rf"\b{re.escape(word)}\b" for word in words)]
    return re.sub("|".join(either), lambda match: table[match[0]], source)


def _format(source: str, path: Path) -> str:
    """Have ruff sort the imports, drop those that only an asynchronous file needs, and break the lines."""
    for command in (["check", "--quiet", "--select", "F401,I", "--fix-only"], ["format", "--quiet"]):
        ruff = [
            sys.executable,
            "-m",
            "ruff",
            *command,
            "--config",
            "pyproject.toml",
            "--stdin-filename",
            str(path),
            "-",
        ]
        source = subprocess.run(
            ruff, cwd=ROOT, check=True, input=source, stdout=subprocess.PIPE, encoding="utf-8"
        ).stdout
    return source


def main(arguments: list[str]) -> int:
    """Write the files with ``--write``; else tell which are not up to date, and return how many."""
    outdated = [pair for pair in PAIRS if not pair.is_current()]
    for pair in outdated:
        if "--write" in arguments:
            pair.write()
        sys.stdout.write(f"{'wrote' if '--write' in arguments else 'not up to date:'} {pair.target_path}\n")
    return 0 if "--write" in arguments else len(outdated)


if __name__ == "__main__":  # pragma: no cover - the tests call main()
    sys.exit(main(sys.argv[1:]))
