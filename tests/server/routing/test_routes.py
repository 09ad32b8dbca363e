"""Tests of fastapi_testing.server.routing.routes: what a survey finds without a request."""

import unittest

from fastapi import APIRouter, FastAPI
from starlette.applications import Starlette
from starlette.routing import BaseRoute, Mount, Route

from fastapi_testing.server.routing.routes import survey


class SurveyTests(unittest.TestCase):
    """survey."""

    def test_included_in_a_mount(self) -> None:
        """Prefixes of routers and mounts stand before the templates, and parameters of mounts are no matter."""
        router = APIRouter()
        router.add_api_route("/{item_id}", lambda item_id: item_id, methods=["GET", "PUT"])
        inner = FastAPI(openapi_url=None)
        inner.include_router(router, prefix="/items")
        found = survey(Starlette(routes=[Mount("/shops/{shop}", inner)]), "/shops/a/items/1")
        self.assertEqual(
            [(route.path, route.methods, route.matches) for route in found or ()],
            [("/shops/{shop}/items/{item_id}", {"GET", "PUT"}, True)],
        )

    def test_documentation(self) -> None:
        """The routes by which FastAPI shows its schema are told from others of the same paths."""
        found = survey(FastAPI(), "/")
        self.assertEqual({route.is_documentation for route in found or ()}, {True})
        found = survey(Starlette(routes=[Route("/docs", lambda _: None)]), "/")
        self.assertEqual([route.is_documentation for route in found or ()], [False])

    def test_routes_without_a_path(self) -> None:
        """A route of the framework's own that has no path, such as FastAPI's for frontends, is passed over."""
        self.assertEqual(survey(Starlette(routes=[BaseRoute()]), "/"), [])

    def test_no_routes_to_see(self) -> None:
        """Of what shows no routes there is no survey; mounted somewhere else, it does not matter."""
        self.assertIsNone(survey(object(), "/"))
        app = Starlette(routes=[Mount("/files", lambda *_: None)])  # type: ignore[arg-type]
        self.assertIsNone(survey(app, "/files/a"))
        self.assertEqual(survey(app, "/other"), [])
