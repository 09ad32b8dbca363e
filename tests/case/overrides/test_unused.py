"""Overrides that are made before what needs them, and those that nothing needs in the end."""

import unittest
import warnings
from collections.abc import Callable
from typing import Annotated, Any
from unittest import mock

from fastapi import APIRouter, Depends, FastAPI
from starlette.routing import Host, Mount

from fastapi_testing import AsyncServerTestCase, ServerTestCase, UnusedOverrideWarning, override_dependencies
from tests.running import run_classes


def settings() -> Any:
    """Return what routes depend on."""


def colour() -> Any:
    """Return what only an override depends on."""


def painted(of: Annotated[str, Depends(colour)]) -> str:
    """Return settings that need a colour."""
    return f"{of} settings"


def make_app() -> FastAPI:
    """Return an app with one route."""
    app = FastAPI(title="shop")

    @app.get("/settings")
    async def read(value: Annotated[str, Depends(settings)]) -> str:
        return value

    return app


def warned(*classes: type[unittest.TestCase]) -> list[str]:
    """Run classes that pass, and return what is warned of overrides."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        result = run_classes(*classes)
    assert result.wasSuccessful(), [*result.errors, *result.failures]
    assert result.testsRun
    return [str(each.message) for each in caught if issubclass(each.category, UnusedOverrideWarning)]


UNUSED = (
    f"no route of FastAPI 'shop' depends on {__name__}.colour: the override changes nothing; it depends on "
    f"{__name__}.settings"
)


class EarlyTests(unittest.TestCase):
    """An override that is of use later on."""

    def check(self, test: Any, plain: Any = None, **attributes: Any) -> None:
        """Check that a test passes, with any server, and that nothing is warned of."""
        cases = [(AsyncServerTestCase, test), *([(ServerTestCase, plain)] if plain else [])]
        for base, function in cases:
            for scope in ("class", "test", "module"):
                with self.subTest(base=base.__name__, server_scope=scope):
                    served = make_app()
                    chosen = {"app": served, "test": function, "server_scope": scope, **attributes}
                    self.assertEqual(warned(type("Case", (base,), chosen)), [])

    def test_needed_by_an_override(self) -> None:
        """One that another override needs may be made before that, or after it."""

        def before(case: Any) -> None:
            case.override_dependency(colour, value="red")
            case.override_dependency(settings, painted)

        def after(case: Any) -> None:
            case.override_dependency(settings, painted)
            case.override_dependency(colour, value="red")

        for override in (before, after):

            async def test(case: AsyncServerTestCase, override: Callable[[Any], None] = override) -> None:
                override(case)
                case.assertJsonEqual(await case.client.get("/settings"), "red settings")

            def plain(case: ServerTestCase, override: Callable[[Any], None] = override) -> None:
                override(case)
                case.assertJsonEqual(case.client.get("/settings"), "red settings")

            self.check(test, plain)

    def test_declared(self) -> None:
        """So may those of the class."""

        async def test(case: AsyncServerTestCase) -> None:
            case.assertJsonEqual(await case.client.get("/settings"), "red settings")

        self.check(test, dependency_overrides={colour: lambda: "red", settings: painted})

    def test_route_of_the_test(self) -> None:
        """One that a route needs may be made before the route."""

        async def test(case: AsyncServerTestCase) -> None:
            case.override_dependency(colour, lambda: "red")

            async def read(value: Annotated[str, Depends(colour)]) -> str:
                return value

            case.app.get("/colour")(read)
            case.assertJsonEqual(await case.client.get("/colour"), "red")

        self.check(test)

    def test_asked_by_the_app(self) -> None:
        """One that the app asks for itself, and calls, is of use, where it was given as a value or a mock."""
        app = make_app()

        @app.get("/colour")
        async def read() -> Any:
            override: Any = app.dependency_overrides[colour]
            found = override()
            return await found if hasattr(found, "__await__") else found

        async def test(case: AsyncServerTestCase) -> None:
            case.override_dependency(colour, value="red")
            case.assertJsonEqual(await case.client.get("/colour"), "red")
            case.override_dependency(colour, mock.Mock(return_value="blue"))
            case.assertJsonEqual(await case.client.get("/colour"), "blue")
            case.override_dependency(colour, mock.AsyncMock(return_value="green"))
            case.assertJsonEqual(await case.client.get("/colour"), "green")

        self.assertEqual(warned(type("Case", (AsyncServerTestCase,), {"app": app, "test": test})), [])

    def test_mounted_routes(self) -> None:
        """A route that lies in a mount, or behind a host, and asks the app for overrides, needs it as well."""
        app = make_app()
        router = APIRouter(dependency_overrides_provider=app)

        @router.get("/colour")
        async def read(value: Annotated[str, Depends(colour)]) -> str:
            return value

        async def test(case: AsyncServerTestCase) -> None:
            with override_dependencies({colour: lambda: "red"}):
                case.assertJsonEqual(await case.client.get("/in/colour"), "red")

        app.router.routes.append(Mount("/in", routes=[Host("127.0.0.1", router)]))
        app.router.routes.append(Mount("/again", app))
        self.assertEqual(warned(type("Case", (AsyncServerTestCase,), {"app": app, "test": test})), [])


class UnusedTests(unittest.TestCase):
    """An override that nothing needs to its end."""

    def test_told(self) -> None:
        """It is told at the end of the test, and at that of the class, once for each."""

        async def test(case: AsyncServerTestCase) -> None:
            case.override_dependency(colour, value="red")
            case.override_dependency(settings, value="none")

        attributes: dict[str, Any] = {"app": make_app(), "test": test}
        self.assertEqual(warned(type("Case", (AsyncServerTestCase,), attributes)), [UNUSED])
        attributes = {"app": make_app(), "test": lambda _: None, "dependency_overrides": {colour: settings}}
        self.assertEqual(warned(type("Case", (AsyncServerTestCase,), attributes)), [UNUSED])
        self.assertEqual(warned(type("Case", (ServerTestCase,), attributes)), [UNUSED])

    def test_needed_by_itself(self) -> None:
        """One that only needs what it overrides is not needed."""

        def darker(of: Annotated[str, Depends(colour)]) -> str:
            return of  # pragma: no cover - nobody calls it

        async def test(case: AsyncServerTestCase) -> None:
            case.override_dependency(colour, darker)

        self.assertEqual(warned(type("Case", (AsyncServerTestCase,), {"app": make_app(), "test": test})), [UNUSED])

    def test_as_an_error(self) -> None:
        """Where warnings are errors, the test fails, and the next one has the app as it was."""
        app = make_app()

        async def test(case: AsyncServerTestCase) -> None:
            case.override_dependency(colour, value="red")

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            result = run_classes(type("Case", (AsyncServerTestCase,), {"app": app, "test": test}))
        ((_, text),) = result.errors
        self.assertEqual(
            text.rstrip().rpartition("\n")[2], f"fastapi_testing.case.overrides.dependencies.{UNUSED_ERROR}"
        )
        self.assertEqual(app.dependency_overrides, {})


UNUSED_ERROR = f"UnusedOverrideWarning: {UNUSED}"
