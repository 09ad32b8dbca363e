"""Tests of fastapi_testing.server.routing.finding: which route of an app a request is for."""

import unittest

from starlette.applications import Starlette
from starlette.routing import BaseRoute, Route

from fastapi_testing.server.routing.finding import find_template


class TemplateTests(unittest.TestCase):
    """find_template."""

    def test_routes_without_a_path(self) -> None:
        """A route of the framework's own that has no path is passed over."""
        app = Starlette(routes=[BaseRoute(), Route("/items/{item_id}", lambda _: None)])
        self.assertEqual(find_template(app, "GET", "/items/1"), (app, "/items/{item_id}"))
        self.assertIsNone(find_template(app, "GET", "/"))
