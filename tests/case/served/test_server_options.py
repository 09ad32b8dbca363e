"""The options of a class's server: they reach it, and what is none is told when the class is set up."""

import unittest
from typing import Any, ClassVar

from fastapi import FastAPI, Request

from fastapi_testing import AsyncServerTestCase, ServerOptions, ServerTestCase
from tests.case import shop
from tests.running import outcomes, run_classes

CASES = AsyncServerTestCase, ServerTestCase
LOGGING = "logging is as your program has set it up: do so with the logging module, as in setUpModule()"
ARGUMENT = "it is an argument of its own: Server(tls=...), or the class attribute `tls`"


def make_app() -> FastAPI:
    """Return an app that says under which path it is."""
    made = FastAPI()

    @made.get("/root")
    async def root(request: Request) -> str:
        return str(request.scope["root_path"])

    return made


class OptionsTests(AsyncServerTestCase):
    """A class that serves its app behind a proxy."""

    app: Any = make_app
    check_openapi = True
    server_options: ClassVar[ServerOptions] = {
        "factory": True,
        "root_path": "/api",
        "headers": [("X-Served-By", "tests")],
        "ws_max_size": 10,
    }

    async def test_options(self) -> None:
        """The server has them."""
        response = await self.client.get("/root")
        self.assertJsonEqual(response, "/api")
        self.assertHeader(response, "X-Served-By", "tests")
        self.assertEqual(self.server.config.ws_max_size, 10)

    async def test_schema(self) -> None:
        """The schema is found behind the path that the proxy leaves out."""
        self.assertMatchesOpenAPI(await self.client.get("/root"))


class SyncOptionsTests(ServerTestCase):
    """The same, of sync tests."""

    app: Any = make_app
    check_openapi = True
    server_options = OptionsTests.server_options

    def test_options(self) -> None:
        """The server has them."""
        response = self.client.get("/root")
        self.assertJsonEqual(response, "/api")
        self.assertHeader(response, "X-Served-By", "tests")
        self.assertEqual(self.server.server.config.ws_max_size, 10)


class PerTestTests(OptionsTests):
    """The same, with an app and a server for each test."""

    server_scope = "test"
    apps: ClassVar[list[Any]] = []

    def setUp(self) -> None:
        self.assertNotIn(self.app, self.apps)
        self.apps.append(self.app)


class RefusedTests(unittest.TestCase):
    """Options that a class cannot have."""

    def refused(self, options: Any, **attributes: Any) -> list[str]:
        """Run a class of each kind with these options, and return the outcomes of their set-ups."""
        attributes = {"app": shop.make_app(), "server_options": options, "test": lambda _: None, **attributes}
        found = [outcomes(run_classes(type("Case", (base,), attributes))) for base in CASES]
        self.assertEqual([each.keys() for each in found], [{"setUpClass"}] * len(CASES))
        return [each["setUpClass"] for each in found]

    def test_refused(self) -> None:
        """The set-up fails with the name of the class and what is wrong, whether a server is for a class or a test."""
        for options, error, text in (
            ({"rootpath": "/api"}, TypeError, "there is no option 'rootpath': is root_path meant?"),
            ({"log_level": 5}, TypeError, f"log_level is no option of a server in tests: {LOGGING}"),
            ({"ws_max_size": 0}, ValueError, "ws_max_size must be a whole number above 0, got 0"),
            (None, TypeError, "the options are a mapping, such as {'root_path': '/api'}, got None"),
            ({"tls": True}, TypeError, f"tls is no option of a server in tests: {ARGUMENT}"),
        ):
            for scope in ("class", "test", "module"):
                with self.subTest(options=options, scope=scope):
                    expected = f"{error.__name__}: Case.server_options: {text}"
                    self.assertEqual(self.refused(options, server_scope=scope), [expected] * len(CASES))

    def test_nothing_is_started(self) -> None:
        """The app is not started then."""
        app = shop.make_app()
        self.refused({"workers": 2}, app=app)
        self.assertFalse(hasattr(app.state, "starts"))

    def test_factory_that_was_forgotten(self) -> None:
        """A class that names a function which makes the app is told of the option."""
        for text in self.refused({}, app=make_app):
            self.assertRegex(text, r"call it first, return the app from create_app\(\), or say factory=True$")
