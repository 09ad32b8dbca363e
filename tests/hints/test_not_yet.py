"""What stands on a class for its server, its client and its database, before it runs."""

import copy
import inspect
import pickle
import unittest
from contextlib import AsyncExitStack, ExitStack
from functools import partial
from typing import Any
from unittest import mock

from fastapi import FastAPI

from fastapi_testing import AsyncServerTestCase, ServerNotRunningError, ServerTestCase
from fastapi_testing.databases import SQLAlchemyMixin
from fastapi_testing.hints.not_yet import NotYet


class Case(AsyncServerTestCase):
    """A class that does not run."""

    app = FastAPI()

    async def test(self) -> None:
        """Do nothing."""


class PlainCase(ServerTestCase):
    """Another one."""


class DatabaseCase(SQLAlchemyMixin, PlainCase):
    """One with a database."""


class LookTests(unittest.TestCase):
    """Looking at a class."""

    def test_all_attributes(self) -> None:
        """Each name that a class lists has a value, as nose2 wants it, and those who look at members find them."""
        for case in (Case, PlainCase, DatabaseCase):
            with self.subTest(case.__name__):
                self.assertEqual([name for name in dir(case) if not hasattr(case, name)], [])
                self.assertIn("server", dict(inspect.getmembers(case)))
                self.assertTrue(callable(mock.create_autospec(case, instance=False)))

    def test_database(self) -> None:
        """What is of the database says how to have it, where it is used."""
        for look, text in {
            "engine": "the database of DatabaseCase is not open: ",
            "session": "DatabaseCase.session is there in setUpTestData; ",
        }.items():
            with self.subTest(look), self.assertRaisesRegex(RuntimeError, f"^{text}"):
                getattr(DatabaseCase, look).execute("SELECT 1")
        with self.assertRaisesRegex(RuntimeError, "^the database of DatabaseCase is not open: "):
            DatabaseCase().engine  # noqa: B018 - it raises


class UseTests(unittest.IsolatedAsyncioTestCase):
    """Using it."""

    async def test_uses(self) -> None:
        """Whatever it is used for, the error is the one that says what to do."""
        text = "the server of Case is not running: it runs from asyncSetUpClass to the class cleanups"
        server: Any = Case.server
        self.assertEqual(repr(server), f"<{text}>")
        uses: tuple[Any, ...] = (
            lambda: server.url,
            lambda: setattr(server, "url", ""),
            lambda: server["url"],
            server.__await__,
            lambda: server(1),
            lambda: bool(server),
            lambda: [*server],
            partial(ExitStack().enter_context, server),
        )
        for use in uses:
            with self.subTest(use), self.assertRaises(ServerNotRunningError) as caught:
                use()
            self.assertEqual(str(caught.exception), text)
        with self.assertRaises(ServerNotRunningError):
            await AsyncExitStack().enter_async_context(server)
        with self.assertRaises(ServerNotRunningError):
            Case.new_client()

    def test_missing(self) -> None:
        """To ask whether it has an attribute is answered, and the error has the name of its kind."""
        self.assertFalse(hasattr(Case.client, "get"))
        with self.assertRaises(AttributeError) as caught:
            Case.client.get  # noqa: B018 - it raises
        kind = type(caught.exception)
        sent = pickle.loads(pickle.dumps(caught.exception))  # noqa: S301 - our own
        self.assertEqual((type(sent), str(sent)), (ServerNotRunningError, str(caught.exception)))
        self.assertEqual(repr(copy.copy(Case.client)), repr(Case.client))
        self.assertEqual((kind.__module__, kind.__qualname__), ("fastapi_testing.errors", "ServerNotRunningError"))

    async def test_ends(self) -> None:
        """What was not entered is left without a word."""
        never: Any = NotYet(LookupError("not yet"))
        self.assertIsNone(never.__exit__(None, None, None))
        self.assertIsNone(await never.__aexit__(None, None, None))


class PickleTests(AsyncServerTestCase):
    """A case that is sent to another process."""

    async def asyncSetUp(self) -> None:
        """Hold what cannot be sent."""
        await super().asyncSetUp()
        self.held = iter("a"), lambda: None

    async def test_while_it_runs(self) -> None:
        """It is sent as which test it is."""
        self.assertEqual((await self.client.get("/")).status_code, 404)
        sent = pickle.loads(pickle.dumps(self))  # noqa: S301 - our own
        said = [(each.id(), str(each), each.shortDescription()) for each in (sent, self)]
        self.assertEqual(*said)
        self.assertFalse(hasattr(sent, "held"))
