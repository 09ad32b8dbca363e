"""What a class prints whose app does not start or stop: the app's own line, and where the class asked for it."""

import re
import unittest
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Literal

from fastapi import FastAPI

from fastapi_testing import AsyncServerTestCase, ServerTestCase
from tests.running import run_classes


@asynccontextmanager
async def failing_start(_: FastAPI) -> AsyncIterator[None]:
    """Fail before the app has started."""
    raise LookupError("no database")
    yield


@asynccontextmanager
async def failing_stop(_: FastAPI) -> AsyncIterator[None]:
    """Fail when the app is to stop."""
    yield
    raise LookupError("no database")


def cause(lifespan: str) -> str:
    """Return the first part of what is printed: the app's own line."""
    return f"""\
Traceback (most recent call last):
  File "{__file__}", in {lifespan}
    raise LookupError("no database")
LookupError: no database

The above exception was the direct cause of the following exception:

"""


SCOPES: tuple[Literal["class", "test"], ...] = ("class", "test")

STARTUP = "fastapi_testing.errors.ServerStartupError: the lifespan of FastAPI 'shop' failed in its startup: "
SHUTDOWN = "fastapi_testing.errors.ServerShutdownError: the lifespan of FastAPI 'shop' failed in its shutdown: "


class LifespanErrorTests(unittest.TestCase):
    """No line of a framework is printed, and none of this one."""

    maxDiff = None

    def printed(self, case: type[unittest.TestCase]) -> str:
        """Run a class in vain, and return the error but for the numbers of its lines."""
        ((_, text),) = run_classes(case).errors
        return re.sub(r", line \d+, in", ", in", re.sub(r"(?m)^ *[~^]+\n", "", text))

    def test_start(self) -> None:
        """A startup that fails shows the app's line, and says what came of it."""

        class Case(AsyncServerTestCase):
            app = FastAPI(title="shop", lifespan=failing_start)

            async def test(self) -> None: ...

        self.assertEqual(self.printed(Case), f"{cause('failing_start')}{STARTUP}LookupError: no database\n")

    def test_start_in_a_set_up(self) -> None:
        """With a set-up of its own, the class shows the line that starts the server, and none below it."""

        class Case(AsyncServerTestCase):
            app = FastAPI(title="shop", lifespan=failing_start)

            @classmethod
            async def asyncSetUpClass(cls) -> None:
                await super().asyncSetUpClass()

            async def test(self) -> None: ...

        line = f'Traceback (most recent call last):\n  File "{__file__}", in asyncSetUpClass\n'
        self.assertEqual(
            self.printed(Case),
            f"{cause('failing_start')}{line}    await super().asyncSetUpClass()\n{STARTUP}LookupError: no database\n",
        )

    def test_stop(self) -> None:
        """A shutdown that fails looks the same, be it the class's or the test's."""
        for scope in SCOPES:
            with self.subTest(scope=scope):

                class Case(AsyncServerTestCase):
                    app = FastAPI(title="shop", lifespan=failing_stop)
                    server_scope = scope

                    async def test(self) -> None: ...

                self.assertEqual(self.printed(Case), f"{cause('failing_stop')}{SHUTDOWN}LookupError: no database\n")

    def test_plain(self) -> None:
        """So it is where the server is on a thread of its own."""
        for lifespan, message in ((failing_start, STARTUP), (failing_stop, SHUTDOWN)):
            with self.subTest(lifespan=lifespan.__name__):

                class Case(ServerTestCase):
                    app = FastAPI(title="shop", lifespan=lifespan)

                    def test(self) -> None: ...

                self.assertEqual(self.printed(Case), f"{cause(lifespan.__name__)}{message}LookupError: no database\n")
