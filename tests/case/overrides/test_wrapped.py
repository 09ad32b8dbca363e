"""Overrides of an app that another one is wrapped around: they are found, or the error says how to name the app."""

import functools
import unittest
from collections.abc import Callable
from typing import Annotated, Any, ClassVar
from unittest import mock

from fastapi import Depends, FastAPI
from starlette.applications import Starlette
from starlette.middleware.gzip import GZipMiddleware
from starlette.routing import Host, Mount, Router

from fastapi_testing import AsyncServerTestCase, Server, ServerTestCase, override_dependencies
from fastapi_testing.server.application import ASGIApp
from fastapi_testing.server.routing.within import outermost_apps
from tests.server.apps import bare_app


def get_user() -> str:
    """Return who it is."""
    return "real"


def make_app(title: str = "shop") -> FastAPI:
    """Return an app that depends on something."""
    made = FastAPI(title=title)

    @made.get("/user")
    async def user(name: Annotated[str, Depends(get_user)]) -> str:
        return name

    return made


shop = make_app()


async def naming(scope: Any, receive: Any, send: Any) -> None:
    """Hand on to an app of the module."""
    await shop(scope, receive, send)


def closing_over(app: ASGIApp) -> ASGIApp:
    """Return a plain ASGI function that knows an app by its closure."""

    async def wrapper(scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    return wrapper


async def handing_on(app: ASGIApp, scope: Any, receive: Any, send: Any) -> None:
    """Hand on to what it is given."""
    await app(scope, receive, send)


class Holding:
    """An app that holds others by attributes of any name."""

    def __init__(self, **held: Any) -> None:
        vars(self).update(held)
        self.name = "holding"

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Hand on to the first."""
        await next(iter(vars(self).values()))(scope, receive, send)

    async def serve(self, scope: Any, receive: Any, send: Any) -> None:
        """Do the same, as a method."""
        await self(scope, receive, send)


WRAPPERS: dict[str, Callable[[FastAPI], Any]] = {
    "middleware": lambda app: GZipMiddleware(GZipMiddleware(app)),
    "mount": lambda app: Starlette(routes=[Mount("/v1", app)]),
    "mount in a mount": lambda app: Starlette(routes=[Mount("/a", routes=[Mount("/b", GZipMiddleware(app))])]),
    "host": lambda app: Router(routes=[Host("shop.example", app)]),
    "closure": closing_over,
    "closure of a closure": lambda app: closing_over(closing_over(app)),
    "closure around a mount": lambda app: closing_over(Starlette(routes=[Mount("/", app)])),
    "attribute": lambda app: Holding(other=app),
    "attributes that are none": lambda app: Holding(number=1, bare=bare_app, kind=FastAPI, inner=closing_over(app)),
    "method": lambda app: Holding(other=app).serve,
    "partial": lambda app: functools.partial(handing_on, app),
    "partial with a keyword": lambda app: functools.partial(handing_on, app=app),
    "table": lambda app: Holding(apps={"/": app}),
    "list": lambda app: Holding(apps=[bare_app, app]),
    "the same twice": lambda app: Holding(one=app, two=closing_over(app)),
}


class SearchTests(unittest.TestCase):
    """Which apps are found."""

    def test_found(self) -> None:
        """The app is found within whatever it is wrapped in."""
        for name, wrap in WRAPPERS.items():
            with self.subTest(name):
                app = make_app()
                self.assertEqual(outermost_apps(wrap(app)), [app])
                with override_dependencies({get_user: lambda: "fake"}, app=wrap(app)):
                    self.assertEqual(len(app.dependency_overrides), 1)
                self.assertEqual(app.dependency_overrides, {})

    def test_global(self) -> None:
        """So is one that a function names in its module."""
        self.assertEqual(outermost_apps(naming), [shop])

    def test_itself(self) -> None:
        """An app with overrides of its own is the one, whatever it mounts."""
        app = make_app()
        app.mount("/admin", make_app("admin"))
        self.assertEqual(outermost_apps(app), [app])

    def test_none(self) -> None:
        """There may be none: in a bare function, in what holds itself, and in a mock, which has one of all in each."""
        holding = Holding()
        vars(holding)["other"] = holding
        for app in (bare_app, holding, Starlette(), mock.Mock(), None, print):
            with self.subTest(app=app):
                self.assertEqual(outermost_apps(app), [])

    def test_two(self) -> None:
        """Where there are two, the error names them, and says how to name one."""
        apps = {"/a": make_app("a"), "/b": make_app("b")}
        for gateway in (
            Starlette(routes=[Mount(path, app) for path, app in apps.items()]),
            Starlette(routes=[Mount(path, closing_over(app)) for path, app in apps.items()]),
            Starlette(routes=[Mount(path, Holding(inner=app)) for path, app in apps.items()]),
        ):
            with self.assertRaises(TypeError) as caught:
                override_dependencies({get_user: get_user}, app=gateway)(print)()
            self.assertEqual(
                str(caught.exception),
                "there are 2 apps in Starlette whose dependencies can be overridden, FastAPI 'a', FastAPI 'b': "
                "name one, as in self.override_dependency(..., app=...)",
            )


class ServedTests(AsyncServerTestCase):
    """An app that is served in a function of its own."""

    shop = make_app()
    app: Any = staticmethod(closing_over(shop))

    async def test_override(self) -> None:
        """An override is in effect, and undone afterwards."""
        self.override_dependency(get_user, value="fake")
        self.assertJsonEqual(await self.client.get("/user"), "fake")
        self.addCleanup(lambda: self.assertEqual(len(self.shop.dependency_overrides), 1))

    async def test_other_wrappers(self) -> None:
        """So it is in another server's app, whichever way that is wrapped."""
        for wrapper in (naming, functools.partial(handing_on, shop), Holding(other=shop).serve):
            server = await self.enterAsyncContext(Server(wrapper, lifespan="off"))
            with override_dependencies({get_user: lambda: "fake"}, app=server.app):
                self.assertJsonEqual(await self.new_client(server=server).get("/user"), "fake")

    async def test_none(self) -> None:
        """Without one, the app is as it is."""
        self.assertEqual(self.shop.dependency_overrides, {})
        self.assertJsonEqual(await self.client.get("/user"), "real")


class SyncServedTests(ServerTestCase):
    """An app that is mounted, in sync tests."""

    app = Starlette(routes=[Mount("/v1", make_app("v1")), Mount("/v2", make_app("v2"))])
    v1: ClassVar[Any] = app.routes[0].app  # type: ignore[attr-defined]

    def test_named(self) -> None:
        """One of two is overridden by its name."""
        self.override_dependency(get_user, value="fake", app=self.v1)
        self.assertJsonEqual(self.client.get("/v1/user"), "fake")
        self.assertJsonEqual(self.client.get("/v2/user"), "real")

    def test_not_named(self) -> None:
        """Without a name, nothing is."""
        with self.assertRaisesRegex(TypeError, "there are 2 apps in Starlette"):
            self.override_dependency(get_user, value="fake")
