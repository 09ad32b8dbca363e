"""Tests of fastapi_testing.server.routing.nearest: which routes are near, on paths alone."""

import unittest

from fastapi_testing.server.routing.nearest import nearest_routes
from fastapi_testing.server.routing.routes import SeenRoute


def seen(path: str, *methods: str, by_slash: bool = False, documentation: bool = False) -> SeenRoute:
    """Return a route as it is to a path that it does not match; without methods, a WebSocket's."""
    return SeenRoute(
        path,
        frozenset(methods),
        is_websocket=not methods,
        matches=False,
        matches_by_slash=by_slash,
        is_documentation=documentation,
    )


class NearestTests(unittest.TestCase):
    """nearest_routes."""

    def assertNearest(self, path: str, routes: list[SeenRoute], expected: list[str], method: str = "GET") -> None:
        """Fail unless the routes nearest to a path are these."""
        found = nearest_routes(path, method, routes, websocket=False)
        self.assertEqual([route.path for route in found], expected)

    def test_misspelt_segment(self) -> None:
        """A segment that is spelt alike is near, and parameters take any segment."""
        self.assertNearest(
            "/item/1", [seen("/items/{item_id}", "GET"), seen("/orders/{id}", "GET")], ["/items/{item_id}"]
        )

    def test_other_case(self) -> None:
        """Upper and lower case make no difference."""
        self.assertNearest("/Items", [seen("/items", "GET")], ["/items"])

    def test_left_out_prefix(self) -> None:
        """A path without the prefix of its router is near."""
        self.assertNearest("/users", [seen("/api/v1/users", "GET")], ["/api/v1/users"])

    def test_one_segment_less_or_more(self) -> None:
        """So is one with a segment more, or one less."""
        self.assertNearest("/items/1/parts", [seen("/items/{id}", "GET")], ["/items/{id}"])
        self.assertNearest("/items", [seen("/items/{id}", "GET")], ["/items/{id}"])

    def test_parameters_alone(self) -> None:
        """What has nothing but parameters in common is not near."""
        self.assertNearest("/a/b", [seen("/{x}/{y}/{z}", "GET")], [])

    def test_common_prefix_alone(self) -> None:
        """Nor is what has only its beginning in common."""
        self.assertNearest("/v1/items/1", [seen("/v1/chat/{room}", "GET")], [])

    def test_literal_in_a_parameter(self) -> None:
        """What stands around a parameter in its segment counts."""
        routes = [seen("/files/{name}.txt", "GET"), seen("/files/{name}.json", "GET")]
        self.assertNearest("/file/a.json", routes, ["/files/{name}.json"])

    def test_three_at_most(self) -> None:
        """Three are named at most: the nearest first, and among equals those that take the method."""
        routes = [seen("/itemsss", "GET"), seen("/itemss", "POST"), seen("/itemsx", "GET"), seen("/itemssss", "GET")]
        self.assertNearest("/items", routes, ["/itemsx", "/itemss", "/itemsss"])

    def test_other_slash(self) -> None:
        """One that differs in a slash at the end is the nearest of all."""
        self.assertNearest("/items/", [seen("/item", "GET"), seen("/items", "GET", by_slash=True)], ["/items", "/item"])

    def test_methods_are_merged(self) -> None:
        """Routes of one path are one, with the methods of all."""
        (route,) = nearest_routes("/item", "GET", [seen("/items", "GET"), seen("/items", "POST")], websocket=False)
        self.assertEqual(route.methods, {"GET", "POST"})

    def test_kind(self) -> None:
        """Of two that are equally near, that of the same kind comes first."""
        found = nearest_routes("/chats", "GET", [seen("/chat", "GET"), seen("/chat")], websocket=True)
        self.assertEqual([route.is_websocket for route in found], [True, False])

    def test_documentation(self) -> None:
        """The pages that FastAPI makes are named where nothing else is near."""
        docs, doctors = seen("/docs", "GET", documentation=True), seen("/doctors", "GET")
        self.assertNearest("/doc", [docs], ["/docs"])
        self.assertNearest("/docs1", [docs, doctors], ["/doctors"])
