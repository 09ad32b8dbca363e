"""The check of every response in sync tests."""

import unittest

from fastapi import FastAPI
from fastapi.responses import PlainTextResponse

from fastapi_testing import ServerTestCase
from tests.running import outcomes, run_classes

app = FastAPI()


@app.get("/number", response_model=None, responses={200: {"model": int}})
async def number(right: bool) -> int | str:  # noqa: FBT001 - a parameter of the query
    """Answer as the schema says, or otherwise."""
    return 1 if right else "one"


@app.get("/text", response_class=PlainTextResponse)
async def text() -> str:
    """Answer with what is no JSON."""
    return "hello"


class Checked(ServerTestCase):
    """Tests whose responses are checked."""

    app = app
    check_openapi = True

    def test_right(self) -> None:
        """A response that is as the schema says, one of another type, and one of no route in it."""
        self.client.get("/number?right=yes")
        self.client.get("/text")
        self.client.get("/openapi.json")

    def test_wrong(self) -> None:
        """A response that is not as the schema says."""
        self.client.get("/number?right=no")

    def test_stream(self) -> None:
        """One that is streamed is looked at as well."""
        self.client.stream("GET", "/number?right=no").__enter__()


class CheckTests(unittest.TestCase):
    """``check_openapi`` in a ServerTestCase."""

    def test_outcomes(self) -> None:
        """What the schema does not describe fails its test, and nothing else does."""
        wrong = 'got 200 OK; body: "one"'
        self.assertEqual(outcomes(run_classes(Checked)), {"test_wrong": wrong, "test_stream": wrong})


def load_tests(loader: unittest.TestLoader, *_: object) -> unittest.TestSuite:
    """Load the test; the class that has to fail is run by it."""
    return loader.loadTestsFromTestCase(CheckTests)
