"""A PostgreSQL server that stops answering, as behind a network that drops packets."""

import contextlib
import logging
import socket
import threading
import unittest
from collections.abc import Iterator
from typing import Any, ClassVar

from sqlalchemy import Column, Integer, MetaData, Table, select
from sqlalchemy.engine import URL

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.databases import SQLAlchemyMixin
from tests.case import failing
from tests.case.guards.test_class_limits import following
from tests.databases.postgresql import postgresql_url
from tests.running import run_classes
from tests.timing import MS

LIMIT = 300 * MS

metadata = MetaData()
song = Table("song", metadata, Column("id", Integer, primary_key=True))


class Proxy:
    """Stands between the tests and a server, until it drops all that comes."""

    def __init__(self, target: URL) -> None:
        self.is_dropping = False
        self._target = target
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._sockets: list[socket.socket] = [self._listening]
        threading.Thread(target=self._serve, daemon=True).start()

    @property
    def port(self) -> int:
        """Where it listens."""
        port: int = self._listening.getsockname()[1]
        return port

    def close(self) -> None:
        """Cut all connections."""
        for each in self._sockets:
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
            each.close()

    def _serve(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._listening.accept()
                server = self._connect()
                self._sockets += [client, server]
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _connect(self) -> socket.socket:
        folder = self._target.query.get("host")
        if folder is None:  # pragma: no cover - with a TEST_POSTGRES_URL
            return socket.create_connection((self._target.host or "127.0.0.1", self._target.port or 5432))
        server = socket.socket(socket.AF_UNIX)
        server.connect(f"{folder}/.s.PGSQL.5432")
        return server

    def _pump(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                if not self.is_dropping:
                    sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)


@contextlib.contextmanager
def silenced() -> Iterator[None]:
    """Keep back what the drivers and SQLAlchemy log of connections that break off."""
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


class SongCase(SQLAlchemyMixin):
    """The base of the classes: its server goes silent in the test."""

    metadata = metadata
    test_timeout = hook_timeout = 60.0
    proxy: ClassVar[Proxy]

    async def go_silent(self) -> None:
        """Read, and hear nothing from then on."""
        self.assertEqual((await self.session.execute(select(song))).all(), [])
        cls = type(self)
        cls._test_seconds = cls._hook_seconds = LIMIT
        self.proxy.is_dropping = True


class ServedSongCase(SongCase, AsyncServerTestCase):
    """The same beside a server."""

    app = failing.app


class UnansweringTests(unittest.TestCase):
    """The end of a class whose database does not answer."""

    def test_end(self) -> None:
        """Each step of it ends at the limit of a hook, with and without a server, and the next class runs."""
        target = postgresql_url(database="shop")
        bases: tuple[type[SongCase], ...] = (SongCase, ServedSongCase)
        for base in bases:
            with self.subTest(base.__name__), silenced():
                proxy = Proxy(target)
                self.addCleanup(proxy.close)
                url = URL.create("postgresql+asyncpg", target.username, None, "127.0.0.1", proxy.port, "shop")
                attributes: dict[str, Any] = {"database_url": url, "proxy": proxy, "test": base.go_silent}
                result = run_classes(type("Case", (base,), attributes), following())
                told = [text for _, text in result.errors + result.failures]
                self.assertEqual(result.testsRun, 2)
                self.assertFalse([test for test, _ in result.errors + result.failures if "Next" in test.id()])
                for who in ("the test", "the end of Case"):
                    self.assertTrue(
                        any(f"not ended within {LIMIT:g} s; {who} waits at:" in text for text in told), told
                    )
                proxy.close()
