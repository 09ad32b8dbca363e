"""Dependencies and environment variables that a test replaces, and gets back."""

import functools
import os
import unittest
import warnings
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Annotated, Any
from unittest import mock

from fastapi import APIRouter, Depends, FastAPI, WebSocket
from fastapi.middleware.gzip import GZipMiddleware
from starlette.applications import Starlette

from fastapi_testing import AsyncServerTestCase, ServerNotRunningError
from fastapi_testing.case.overrides.dependencies import UnusedOverrideWarning, override_dependencies
from tests.running import outcomes, run_classes

__all__: list[str] = []


async def get_token() -> str:
    """Return what the user shows."""
    return "real token"


async def get_user(token: Annotated[str, Depends(get_token)]) -> str:
    """Return who the user is."""
    return f"user of {token}"


def get_clock() -> Any:
    """Return what only a mounted app depends on."""


class Settings:
    """A dependency that is an object."""

    def __call__(self) -> Any:
        """Return something."""


settings = Settings()


@functools.lru_cache
def read_environment() -> str:
    """Return a setting, read once."""
    return os.environ.get("FASTAPI_TESTING_COLOUR", "grey")


def fake_user() -> str:
    """Return another user."""
    return "fake user"


def make_app() -> FastAPI:
    """Return an app with routes of its own, of a router and of a mounted app."""
    app, router, admin = FastAPI(title="shop"), APIRouter(prefix="/router"), FastAPI(title="admin")

    @app.get("/user")
    async def user(name: Annotated[str, Depends(get_user)]) -> str:
        return name

    @app.websocket("/ws")
    async def listen(websocket: WebSocket, text: Annotated[str, Depends(settings)]) -> None:
        await websocket.accept()
        await websocket.send_text(text)

    @router.get("/colour")
    async def colour(name: Annotated[str, Depends(read_environment)]) -> str:
        return name

    @admin.get("/clock")
    async def clock(time: Annotated[str, Depends(get_clock)]) -> str:
        return time

    app.include_router(router)
    app.mount("/static", Starlette())
    app.mount("/admin", admin)
    app.state.admin = admin
    return app


class OverridesCase(AsyncServerTestCase):
    """A class whose app has dependencies."""

    app: Any = make_app()

    async def user(self) -> str:
        """Return who the app says the user is."""
        response = await self.client.get("/user")
        self.assertStatus(response, 200)
        name: str = response.json()
        return name


class OverrideDependencyTests(OverridesCase):
    """``self.override_dependency``."""

    async def test_function(self) -> None:
        """A function is called instead of the dependency."""
        self.override_dependency(get_user, fake_user)
        self.assertEqual(await self.user(), "fake user")

    async def test_undone(self) -> None:
        """No other test sees it."""
        self.assertEqual(await self.user(), "user of real token")

    async def test_value(self) -> None:
        """A value is what the route gets, and None is one."""
        self.override_dependency(get_user, value="somebody")
        self.assertEqual(await self.user(), "somebody")
        self.override_dependency(get_token, value=None)

    async def test_mock_as_value(self) -> None:
        """A mock as a value is not called, and FastAPI reads nothing from its signature."""
        self.override_dependency(get_token, value=mock.AsyncMock(name="token"))
        self.assertIn("AsyncMock", await self.user())

    async def test_mock_as_override(self) -> None:
        """A mock as an override is called without arguments."""
        for made in (mock.AsyncMock, mock.Mock):
            self.override_dependency(get_user, called := made(return_value="mocked"))
            self.assertEqual(await self.user(), "mocked")
            called.assert_called_once_with()

    async def test_generator(self) -> None:
        """A generator is one for FastAPI, too."""

        async def generate() -> AsyncIterator[str]:
            yield "generated"

        self.override_dependency(get_user, generate)
        self.assertEqual(await self.user(), "generated")

    async def test_dependency_of_an_override(self) -> None:
        """What only an override depends on can be overridden as well."""

        def with_clock(time: Annotated[str, Depends(get_clock)]) -> str:
            return f"at {time}"

        self.override_dependency(get_user, with_clock)
        self.override_dependency(get_clock, value="noon")
        self.assertEqual(await self.user(), "at noon")

    async def test_websocket(self) -> None:
        """A WebSocket's dependencies are overridden as well, and callable objects are dependencies."""
        self.override_dependency(settings, value="fake settings")
        async with self.ws.connect("/ws") as socket:
            self.assertEqual(await socket.receive_text(), "fake settings")

    async def test_mounted_app(self) -> None:
        """A mounted app has overrides of its own."""
        self.override_dependency(get_clock, value="noon", app=self.app.state.admin)
        self.assertJsonEqual(await self.client.get("/admin/clock"), "noon")

    async def test_wrong_arguments(self) -> None:
        """Either an override or a value is given, and both are what they have to be."""
        either = "override_dependency() takes either an override, which is called, or value="
        wrapped: Any = Annotated[str, Depends(get_user)]
        self.assert_type_error(either, get_user)
        self.assert_type_error(either, get_user, fake_user, value=1)
        self.assert_type_error("a dependency is a callable, got 5", 5, fake_user)
        self.assert_type_error(
            f"override the dependency itself, {__name__}.get_user, not what wraps it: {wrapped!r}", wrapped, fake_user
        )
        self.assert_type_error(
            f"the override of {__name__}.get_user is called in its place, and 'Ann' cannot be called: use "
            f"self.override_dependency(get_user, value=...)",
            get_user,
            "Ann",
        )

    def assert_type_error(self, message: str, *args: Any, **kwargs: Any) -> None:
        """Check what override_dependency() says."""
        with self.assertRaises(TypeError) as caught:
            self.override_dependency(*args, **kwargs)
        self.assertEqual(str(caught.exception), message)


class LooseOverrideTests(OverridesCase):
    """Overrides that take anything, which FastAPI would read from the query."""

    async def test_generators(self) -> None:
        """What a generator yields is injected, and not the generator."""

        async def fake_async(*args: Any, **kwargs: Any) -> AsyncIterator[str]:
            yield "fake user"

        def fake(*args: Any, **kwargs: Any) -> Iterator[str]:
            yield "fake user"

        for override in (fake_async, fake):
            self.override_dependency(get_user, override)
            self.assertEqual(await self.user(), "fake user")

    async def test_callable_without_a_signature(self) -> None:
        """A callable that shows no signature is called without arguments."""
        self.override_dependency(get_user, str)
        self.assertEqual(await self.user(), "")


@override_dependencies({get_user: lambda: "of the base's decorator"})
class BaseCase(OverridesCase):
    """A class that others inherit from."""


class NearerTests(BaseCase):
    """A class whose own attribute is nearer than what its base was decorated with."""

    dependency_overrides = {get_user: lambda: "of the class"}  # noqa: RUF012 - as users write it

    async def test_nearest(self) -> None:
        """The override that is declared nearest to the class counts."""
        self.assertEqual(await self.user(), "of the class")


class ClassOverrideTests(OverridesCase):
    """On the class."""

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        await super().asyncSetUpClass()
        cls.override_dependency(get_user, value="user of the class")
        cls.override_env(FASTAPI_TESTING_COLOUR="red", clear_caches=[read_environment])

    async def test_in_effect(self) -> None:
        """It holds for every test, and under what a test overrides."""
        self.assertEqual(await self.user(), "user of the class")
        with override_dependencies({get_user: fake_user}):
            self.assertEqual(await self.user(), "fake user")
        self.assertEqual(await self.user(), "user of the class")
        self.assertJsonEqual(await self.client.get("/router/colour"), "red")

    async def test_in_effect_again(self) -> None:
        """What is undone at the end of a test is the test's."""
        await self.test_in_effect()


class UndoneTests(unittest.TestCase):
    """After the class."""

    def test_undone(self) -> None:
        """The app and the environment are as they were."""
        cases = (OverrideDependencyTests, ClassOverrideTests, DeclaredTests, PerTestTests, BlockTests, EnvironmentTests)
        result = run_classes(*cases)
        self.assertEqual(outcomes(result), {})
        self.assertEqual(OverridesCase.app.dependency_overrides, {})
        self.assertNotIn("FASTAPI_TESTING_COLOUR", os.environ)
        self.assertEqual(read_environment(), "grey")


@override_dependencies({get_token: lambda: "decorated token"})
class DeclaredTests(OverridesCase):
    """Declared for the class."""

    dependency_overrides = {get_token: get_clock, settings: lambda: "declared settings"}  # noqa: RUF012

    async def test_in_effect(self) -> None:
        """The decorator comes after the attribute."""
        self.assertEqual(await self.user(), "user of decorated token")
        self.assertEqual(self.app.dependency_overrides[settings](), "declared settings")

    @override_dependencies({get_user: fake_user})
    async def test_decorated(self) -> None:
        """A test adds its own."""
        self.assertEqual(await self.user(), "fake user")

    @override_dependencies({get_user: fake_user})
    def test_decorated_function(self) -> None:
        """One that is not asynchronous, too."""
        self.assertIs(self.app.dependency_overrides[get_user], fake_user)


@override_dependencies({get_token: lambda: "token of the subclass"})
class PerTestTests(DeclaredTests):
    """The same with an app for each test."""

    server_scope = "test"

    @classmethod
    async def create_app(cls) -> FastAPI:
        return make_app()

    async def test_in_effect(self) -> None:
        """Each app has them, and a subclass those of its base."""
        self.assertEqual(await self.user(), "user of token of the subclass")
        self.assertIn(settings, self.app.dependency_overrides)


class BlockTests(OverridesCase):
    """In a block."""

    async def test_nested(self) -> None:
        """Blocks are undone in order, also if they fail, and may be entered twice."""
        outer = override_dependencies({get_user: fake_user})
        with outer, self.assertRaises(ZeroDivisionError), override_dependencies({get_user: lambda: "inner"}), outer:
            self.assertEqual(await self.user(), "fake user")
            _ = 1 / 0
        self.assertEqual(self.app.dependency_overrides, {})

    async def test_half_way(self) -> None:
        """If one of several cannot be overridden, none is."""
        overrides: Any = {get_user: fake_user, get_token: "no function"}
        with self.assertRaises(TypeError):
            override_dependencies(overrides)(print)()
        self.assertEqual(self.app.dependency_overrides, {})


class OtherAppTests(unittest.TestCase):
    """Where no test runs."""

    def test_app(self) -> None:
        """An app may be given, with middleware around it."""
        app = make_app()
        with override_dependencies({get_user: fake_user}, app=GZipMiddleware(app)) as entered:
            self.assertEqual(app.dependency_overrides, {get_user: fake_user})
            self.assertIsInstance(entered, override_dependencies)
        self.assertEqual(app.dependency_overrides, {})

    def test_no_test(self) -> None:
        """Otherwise it has to be."""
        with self.assertRaises(RuntimeError) as caught:
            override_dependencies({get_user: fake_user})(print)()
        self.assertEqual(str(caught.exception), "override_dependencies() finds no running test: give it app=")

    def test_no_server(self) -> None:
        """A class has no app before its server runs."""
        with self.assertRaises(ServerNotRunningError):
            OverridesCase.override_dependency(get_user, fake_user)

    def test_no_fastapi(self) -> None:
        """An app of another framework has no dependencies."""

        async def bare(scope: Any, receive: Any, send: Any) -> None:
            """Answer nothing."""

        with self.assertRaises(TypeError) as caught:
            override_dependencies({get_user: fake_user}, app=bare)(print)()
        self.assertEqual(
            str(caught.exception),
            f"{__name__}.OtherAppTests.test_no_fastapi.<locals>.bare has no dependencies to override: it is no "
            f"FastAPI app, and none is to be seen in it; name one, as in self.override_dependency(..., app=...), "
            f"give it others in create_app(), or patch what it uses with unittest.mock",
        )

    def test_no_test_case(self) -> None:
        """The decorator of a class is for test cases."""
        with self.assertRaises(TypeError) as caught:
            override_dependencies({})(unittest.TestCase)
        self.assertEqual(
            str(caught.exception),
            "@override_dependencies is for test cases with a server; <class 'unittest.case.TestCase'> is none",
        )


class UnusedOverrideTests(unittest.TestCase):
    """An override that changes nothing."""

    def warning(self, app: FastAPI, dependency: Callable[..., Any]) -> str:
        """Return what is said about overriding this dependency."""
        with self.assertWarns(UnusedOverrideWarning) as caught, override_dependencies({dependency: fake_user}, app=app):
            pass
        return str(caught.warning)

    def test_unknown(self) -> None:
        """The warning names what there is."""
        self.assertEqual(
            self.warning(make_app(), fake_user),
            f"no route of FastAPI 'shop' depends on {__name__}.fake_user: the override changes nothing; it depends "
            f"on {__name__}.Settings, {__name__}.get_token, {__name__}.get_user, {__name__}.read_environment",
        )

    def test_same_name(self) -> None:
        """The same name in another module is a common mistake."""

        def imported_twice() -> Any:
            """Look like another function."""

        imported_twice.__module__, imported_twice.__qualname__ = "main", "get_user"
        self.assertEqual(
            self.warning(make_app(), imported_twice),
            f"no route of FastAPI 'shop' depends on main.get_user: the override changes nothing; it depends on "
            f"{__name__}.get_user, another object of the same name",
        )

    def test_mounted(self) -> None:
        """What only a mounted app depends on has to be overridden there."""
        self.assertEqual(
            self.warning(make_app(), get_clock),
            f"no route of FastAPI 'shop' depends on {__name__}.get_clock: the override changes nothing; FastAPI "
            f"'admin', mounted at /admin, does: give app=",
        )

    def test_nothing(self) -> None:
        """An app may depend on nothing."""
        self.assertEqual(
            self.warning(FastAPI(), get_clock),
            f"no route of FastAPI 'FastAPI' depends on {__name__}.get_clock: the override changes nothing; it "
            f"depends on nothing",
        )

    def test_as_an_error(self) -> None:
        """Where warnings are errors, the app is as it was."""
        app = make_app()
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            with self.assertRaises(UnusedOverrideWarning):
                override_dependencies({get_clock: fake_user}, app=app)(lambda: None)()
        self.assertEqual(app.dependency_overrides, {})


class EnvironmentTests(OverridesCase):
    """``self.override_env``."""

    async def test_set(self) -> None:
        """A variable is set, and the settings behind a cache are read anew."""
        self.assertJsonEqual(await self.client.get("/router/colour"), "grey")
        self.override_env(FASTAPI_TESTING_COLOUR="red", clear_caches=[read_environment])
        self.assertJsonEqual(await self.client.get("/router/colour"), "red")
        self.override_env(FASTAPI_TESTING_COLOUR=None, clear_caches=[read_environment])
        self.assertJsonEqual(await self.client.get("/router/colour"), "grey")

    async def test_set_again(self) -> None:
        """It is undone, and the settings are read once more."""
        await self.test_set()

    async def test_not_a_string(self) -> None:
        """A variable is a string."""
        wrong: Any = {"FASTAPI_TESTING_COLOUR": 5}
        with self.assertRaises(TypeError) as caught:
            self.override_env(**wrong)
        self.assertEqual(
            str(caught.exception),
            "environment variables are strings: give FASTAPI_TESTING_COLOUR='5', not FASTAPI_TESTING_COLOUR=5",
        )

    async def test_no_cache(self) -> None:
        """A function without a cache has none to clear."""
        with self.assertRaises(TypeError) as caught:
            self.override_env(clear_caches=[get_clock])
        self.assertEqual(
            str(caught.exception),
            f"clear_caches takes functions behind functools.lru_cache; {__name__}.get_clock has no cache",
        )
