"""The suite of the row "suite", in the style of each contender."""

from dataclasses import dataclass
from pathlib import Path
from string import Template

__all__ = [
    "ASGI_TRANSPORT",
    "OURS",
    "OURS_ON_HTTPX2",
    "SERVER_PER_TEST",
    "TESTS_IN_CLASS",
    "TEST_CLIENT",
    "Style",
    "write_suite",
]

TESTS_IN_CLASS = 10


@dataclass(frozen=True)
class Style:
    """How the tests of one contender are written: the module down to the class's set-up, and one test."""

    head: str
    test: str


_ASYNC_TEST = """
    async def test_$number(self):
        response = await self.client.get("/items/1")
        self.assertEqual(response.status_code, 200)
"""

OURS = Style(
    """
from fastapi_testing import AsyncServerTestCase
from tests.benchmarks.app import app

class ItemTests(AsyncServerTestCase):
    app = app
""",
    _ASYNC_TEST,
)

OURS_ON_HTTPX2 = Style(f'{OURS.head}    http_library = "httpx2"\n', _ASYNC_TEST)

ASGI_TRANSPORT = Style(
    """
from unittest import IsolatedAsyncioTestCase
from httpx import ASGITransport, AsyncClient
from tests.benchmarks.app import app

class ItemTests(IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        client = AsyncClient(transport=ASGITransport(app), base_url="http://test")
        self.client = await self.enterAsyncContext(client)
""",
    _ASYNC_TEST,
)

SERVER_PER_TEST = Style(
    """
from unittest import IsolatedAsyncioTestCase
from httpx import AsyncClient
from tests.benchmarks.serving import serve_in_task

class ItemTests(IsolatedAsyncioTestCase):
    async def asyncSetUp(self):
        url = await self.enterAsyncContext(serve_in_task())
        self.client = await self.enterAsyncContext(AsyncClient(base_url=url))
""",
    _ASYNC_TEST,
)

TEST_CLIENT = Style(
    """
from unittest import TestCase
from starlette.testclient import TestClient
from tests.benchmarks.app import app

class ItemTests(TestCase):
    @classmethod
    def setUpClass(cls):
        cls.client = cls.enterClassContext(TestClient(app))
""",
    """
    def test_$number(self):
        response = self.client.get("/items/1")
        self.assertEqual(response.status_code, 200)
""",
)


def write_suite(folder: Path, style: Style, tests: int) -> None:
    """
    Write test modules of one class each.

    Args:
        folder: A folder to make.
        style: How they are written.
        tests: How many there are in all; the last class takes what is left.
    """
    folder.mkdir()
    test = Template(style.test)
    for first in range(0, tests, TESTS_IN_CLASS):
        numbers = range(first, min(first + TESTS_IN_CLASS, tests))
        module = style.head + "".join(test.substitute(number=number) for number in numbers)
        (folder / f"test_from_{first}.py").write_text(module, encoding="utf-8")
