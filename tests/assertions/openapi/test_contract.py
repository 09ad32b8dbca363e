"""Tests of fastapi_testing.assertions.openapi.contract and the document below it."""

from collections.abc import Mapping
from typing import Any

import httpx
from fastapi import FastAPI, Response
from fastapi.responses import PlainTextResponse, RedirectResponse
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.middleware.cors import CORSMiddleware

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.assertions import OpenAPIAssertions
from tests.assertions.failures import FailureAssertions, run_failing

ITEM = {"name": "Widget", "price": 9.99}


class Item(BaseModel):
    """What a shop sells."""

    name: str
    price: float
    tags: list[str] | None = None


def make_app() -> FastAPI:
    """Make a shop."""
    app = FastAPI()

    @app.get("/items/latest")
    def read_latest() -> list[Item]:
        return []  # pragma: no cover - only its schema is used

    @app.get("/items/export", include_in_schema=False)
    def export() -> str:
        return "not an item"

    @app.get("/items/{item_id}", responses={404: {"description": "Not Found"}})
    def read_item(item_id: int) -> Item:
        return Item(name="Widget", price=item_id)

    @app.delete("/items/{item_id}", status_code=204)
    def delete_item(item_id: int) -> None:
        pass  # pragma: no cover - only its schema is used

    @app.get("/files/{path:path}", response_class=PlainTextResponse)
    def read_file(path: str) -> str:
        return path  # pragma: no cover - only its schema is used

    @app.get("/wrong/{status}")
    def read_wrong(status: int, *, stream: bool = False) -> Response:
        return Response('{"price": 1}', status, media_type="text/plain" if stream else "application/json")

    @app.get("/old", status_code=307, response_class=RedirectResponse)
    def read_old() -> str:
        return "/items/5"

    @app.get("/hidden", include_in_schema=False)
    def read_hidden() -> str:
        return "hidden"

    @app.websocket("/chat/{room}")
    async def chat(room: str) -> None:
        pass  # pragma: no cover - only its route is looked at

    return app


def answer(
    document: Any = None, status: int = 200, target: str = "/items/9", method: str = "GET", **options: Any
) -> httpx.Response:
    """Return a response."""
    request = httpx.Request(method, f"http://127.0.0.1:1234{target}")
    content = {} if document is None else {"json": document}
    return httpx.Response(status, request=request, **content, **options)


def document_of(response: Mapping[str, Any], **more: Any) -> dict[str, Any]:
    """Return a document with one operation, GET /, whose 200 is this one."""
    return {"openapi": "3.1.0", "paths": {"/": {"get": {"responses": {"200": response}}}}, **more}


def content(schema: Any, media_type: str = "application/json") -> dict[str, Any]:
    """Return a response with a body of this schema."""
    return {"content": {media_type: {"schema": schema}}}


class AppTests(OpenAPIAssertions, FailureAssertions):
    """assertMatchesOpenAPI by the schema of an app."""

    app: Any

    def setUp(self) -> None:
        """Have an app."""
        self.app = make_app()

    def test_conforms(self) -> None:
        """A response conforms that is as its operation documents it."""
        self.assertMatchesOpenAPI(answer(ITEM))
        self.assertMatchesOpenAPI(answer([ITEM], target="/items/latest?page=2"))
        self.assertMatchesOpenAPI(answer(status=204, method="DELETE"))
        self.assertMatchesOpenAPI(
            answer(target="/files/a/b.txt", headers={"Content-Type": "text/plain; charset=utf-8"})
        )

    def test_body(self) -> None:
        """A failure names the operation and lists every error by its path."""
        with self.assertFails(
            "GET /items/9: not as /items/{item_id} documents 200, 3 errors:\n"
            "  body at $: 'price' is a required property\n"
            "  body at $.name: 5 is not of type 'string'\n"
            "  body at $.tags: [1] is not valid under any of the given schemas; "
            "the closest has $.tags[0]: 1 is not of type 'string'\n"
            'got 200 OK; body: {"name":5,"tags":[1]} : broken'
        ):
            self.assertMatchesOpenAPI(answer({"name": 5, "tags": [1]}), msg="broken")

    def test_status(self) -> None:
        """A status that is not documented fails."""
        with self.assertFails(
            "GET /items/9: /items/{item_id} documents no status 500, only 200, 404 and 422; "
            "got 500 Internal Server Error; body: oops"
        ):
            self.assertMatchesOpenAPI(answer(status=500, text="oops"))

    def test_no_content(self) -> None:
        """Where no content is documented, any will do."""
        self.assertMatchesOpenAPI(answer({"detail": "x"}, 404))

    def test_media_type(self) -> None:
        """A media type that is not documented fails."""
        with self.assertFails(
            "GET /items/9: not as /items/{item_id} documents 200, 1 error:\n"
            "  header Content-Type: expected application/json, got text/plain; charset=utf-8\n"
            "got 200 OK; body: hi"
        ):
            self.assertMatchesOpenAPI(answer(text="hi"))
        with self.assertRaisesRegex(AssertionError, "header Content-Type: expected application/json, got none\n"):
            self.assertMatchesOpenAPI(answer())

    def test_not_json(self) -> None:
        """A body that is not JSON, and says that it is, fails."""
        with self.assertFails(
            "GET /items/9: not as /items/{item_id} documents 200, 1 error:\n"
            "  body: not JSON (Expecting value: line 1 column 1 (char 0))\n"
            "got 200 OK; body: hi"
        ):
            self.assertMatchesOpenAPI(answer(content=b"hi", headers={"Content-Type": "application/json"}))

    def test_no_path(self) -> None:
        """A path that is not in the schema fails, also that of a route which is kept out of it."""
        for target in ("/nothing", "/hidden", "/items/9/more", "/chat/lobby"):
            with self.assertFails(f"GET {target}: the OpenAPI schema has no such path; got 200 OK; body: empty"):
                self.assertMatchesOpenAPI(answer(target=target))

    def test_no_method(self) -> None:
        """A method that the path does not have fails, and shows those it has."""
        with self.assertFails(
            "PUT /items/9: the OpenAPI schema has only GET and DELETE for this path; got 200 OK; body: empty"
        ):
            self.assertMatchesOpenAPI(answer(method="PUT"))

    def test_mounted(self) -> None:
        """Under a mount, the schema is that of the app mounted there."""
        outer = FastAPI()
        outer.mount("/shops/{shop}/v1", self.app)
        outer.mount("/static", Starlette())
        self.app = Starlette()
        self.app.mount("/api", CORSMiddleware(outer))
        self.assertMatchesOpenAPI(answer(ITEM, target="/api/shops/a/v1/items/9"))
        with self.assertFails(
            "GET /api/static/a.css: the OpenAPI schema has no such path; got 404 Not Found; body: empty"
        ):
            self.assertMatchesOpenAPI(answer(status=404, target="/api/static/a.css"))

    def test_wrapped(self) -> None:
        """An app may be in middleware."""
        self.app = CORSMiddleware(CORSMiddleware(self.app))
        self.assertMatchesOpenAPI(answer(ITEM))

    def test_root_path(self) -> None:
        """A request may have the root path before its path, or not."""
        self.app.root_path = "/api/v1"
        self.assertMatchesOpenAPI(answer(ITEM, target="/api/v1/items/9"))
        self.assertMatchesOpenAPI(answer(ITEM, target="/items/9"))

    def test_no_schema(self) -> None:
        """Without an app that has a schema, one has to be given."""
        for app, it in (None, ""), (Starlette(), ": Starlette has no openapi(), as FastAPI apps have"):
            self.app = app
            with self.subTest(app=app), self.assertRaises(TypeError) as caught:
                self.assertMatchesOpenAPI(answer(ITEM))
            message = f"AppTests has no `app` with an OpenAPI schema for /items/9{it}: give the schema"
            self.assertEqual(str(caught.exception), message)

    def test_no_request(self) -> None:
        """A response that does not know its request cannot be looked up."""
        with self.assertRaises(TypeError) as caught:
            self.assertMatchesOpenAPI(httpx.Response(200))
        message = "<Response [200 OK]> does not know its request: give a response that has `request`"
        self.assertEqual(str(caught.exception), message)

    def test_traceback(self) -> None:
        """The traceback ends on the line of the test."""

        def test(case: OpenAPIAssertions) -> None:
            case.assertMatchesOpenAPI(answer(5))

        self.assertEqual(run_failing(OpenAPIAssertions, test, app=make_app()).count('  File "'), 1)


class DocumentTests(OpenAPIAssertions, FailureAssertions):
    """assertMatchesOpenAPI by a schema that is given."""

    def assertErrors(self, schema: Mapping[str, Any], response: httpx.Response, *errors: str) -> None:
        """Fail unless the assertion fails with these errors, or passes if there are none."""
        if not errors:
            self.assertMatchesOpenAPI(response, schema)
            return
        with self.assertRaises(AssertionError) as caught:
            self.assertMatchesOpenAPI(response, schema)
        self.assertEqual(str(caught.exception).splitlines()[1:-1], [f"  {error}" for error in errors])

    def get(self, document: Any = None, **headers: str) -> httpx.Response:
        """Return a response to GET /."""
        fields = {name.replace("_", "-"): value for name, value in headers.items()}
        return answer(document, target="/", headers=fields)

    def test_references(self) -> None:
        """Path items, responses, headers, media types and schemas may be references."""
        schema = {
            "openapi": "3.1.0",
            "paths": {"/": {"$ref": "#/components/pathItems/root"}},
            "components": {
                "pathItems": {"root": {"get": {"responses": {"200": {"$ref": "#/components/responses/ok~1fine"}}}}},
                "responses": {
                    "ok/fine": {
                        "headers": {"X-Total": {"$ref": "#/components/headers/total"}},
                        "content": {"application/json": {"schema": {"$ref": "#/components/schemas/n", "maximum": 9}}},
                    }
                },
                "headers": {"total": {"required": True, "schema": {"$ref": "#/components/schemas/n"}}},
                "schemas": {"n": {"type": "integer", "minimum": 0}},
            },
        }
        self.assertErrors(schema, self.get(5, X_Total="3"))
        self.assertErrors(
            schema,
            self.get(-1, X_Total="many"),
            "header X-Total: 'many' is not of type 'integer'",
            "body at $: -1 is less than the minimum of 0",
        )
        self.assertErrors(
            schema, self.get(10), "header X-Total: missing", "body at $: 10 is greater than the maximum of 9"
        )

    def test_recursive(self) -> None:
        """A schema may contain itself."""
        node = {"properties": {"next": {"$ref": "#/components/schemas/node"}}, "type": "object"}
        schema = document_of(content({"$ref": "#/components/schemas/node"}), components={"schemas": {"node": node}})
        self.assertErrors(schema, self.get({"next": {"next": {}}}))
        self.assertErrors(schema, self.get({"next": {"next": 1}}), "body at $.next.next: 1 is not of type 'object'")

    def test_foreign_reference(self) -> None:
        """What is not in the document is not looked for elsewhere."""
        for reference in (
            "#/components/responses/no",
            "other.json#/ok",
            "https://json-schema.org/draft/2020-12/schema",
        ):
            with self.subTest(reference=reference), self.assertRaises(ValueError) as caught:
                self.assertMatchesOpenAPI(self.get(5), document_of({"$ref": reference}))
            message = f"the OpenAPI document refers to {reference!r}, which is not in it"
            self.assertEqual(str(caught.exception), message)
        with self.assertRaises(ValueError) as caught:
            self.assertMatchesOpenAPI(self.get(5), document_of(content({"$ref": "#/nothing"})))
        self.assertEqual(str(caught.exception), "the schema refers to '/nothing', which is not in it")

    def test_statuses(self) -> None:
        """A status counts before its range, and that before the default."""
        responses = {"201": content({"const": 1}), "2XX": content({"const": 2}), "default": content({"const": 3})}
        schema = {"openapi": "3.1.0", "paths": {"/": {"get": {"responses": responses}}}}
        for status, number in [(201, 1), (202, 2), (404, 3)]:
            with self.subTest(status=status):
                self.assertErrors(schema, answer(number, status, "/"))
                self.assertErrors(schema, answer(0, status, "/"), f"body at $: {number} was expected")

    def test_no_responses(self) -> None:
        """An operation may document nothing."""
        schema = {"openapi": "3.2.0", "paths": {"/": {"get": {}}}}
        with self.assertFails("GET /: the schema documents no status 200, nor any other; got 200 OK; body: 5"):
            self.assertMatchesOpenAPI(self.get(5), schema)

    def test_media_types(self) -> None:
        """The narrowest media type that covers the one that came counts."""
        kinds = ("*/*", "application/*", "application/problem+json", "application/problem+json; v=2")
        schema = document_of({"content": {kind: {"schema": {"const": number}} for number, kind in enumerate(kinds)}})
        for kind, number in [("text/x+json", 0), ("application/json", 1), (kinds[2], 2), (f"{kinds[3]}; q=1", 3)]:
            with self.subTest(kind=kind):
                self.assertErrors(schema, self.get(number, Content_Type=kind))
                self.assertErrors(schema, self.get(9, Content_Type=kind), f"body at $: {number} was expected")

    def test_no_schema(self) -> None:
        """A media type without a schema, or one that is not JSON, says nothing of the body."""
        self.assertErrors(document_of({"content": {"application/json": {}}}), self.get(5))
        schema = document_of(content({"type": "integer"}, "text/plain"))
        self.assertErrors(schema, self.get(Content_Type="text/plain"))

    def test_head(self) -> None:
        """A response without a body is not asked for one."""
        responses = {"200": content({"type": "integer"}), "304": content({"type": "integer"})}
        schema = {
            "openapi": "3.1.0",
            "paths": {"/": {"head": {"responses": responses}, "get": {"responses": responses}}},
        }
        self.assertErrors(schema, answer(method="HEAD", target="/"))
        self.assertErrors(schema, answer(status=304, target="/"))

    def test_headers(self) -> None:
        """A header stands for whatever its schema may have it be."""
        table: list[tuple[Any, str]] = [
            ({"type": "integer"}, "-5"),
            ({"type": "number"}, "1.5e3"),
            ({"type": "boolean"}, "true"),
            ({"type": "string"}, "12"),
            ({"type": "string", "format": "date"}, "2024-02-29"),
            ({"type": "array", "items": {"type": "integer"}}, "1, 2,3"),
            ({"type": "array", "items": {"type": "string"}}, "1,b"),
            ({"type": "array", "maxItems": 0}, ""),
            ({"type": "object", "properties": {"r": {"type": "integer"}}, "required": ["r"]}, "r,1,s,x"),
            ({"type": "object", "properties": {"r": {"type": "string"}}, "required": ["r"]}, "r=1,s=x"),
            ({"anyOf": [{"type": "integer"}, {"type": "null"}]}, "null"),
        ]
        for schema, value in table:
            with self.subTest(schema=schema):
                self.assertErrors(document_of({"headers": {"X-A": {"schema": schema}}}), self.get(X_A=value))
        self.assertErrors(document_of({"headers": {"X-A": {}}}), self.get(X_A="1"))

    def test_wrong_header(self) -> None:
        """A header that can stand for nothing of its schema fails."""
        schema = document_of({"headers": {"X-A": {"schema": {"type": "integer", "maximum": 5}}}})
        self.assertErrors(schema, self.get(X_A="6"), "header X-A: 6 is greater than the maximum of 5")
        self.assertErrors(schema, self.get(), *())

    def test_required_header(self) -> None:
        """A header that is required has to be there; a documented Content-Type is no header (OpenAPI 3.1 §4.8.17)."""
        schema = document_of({"headers": {"X-A": {"required": True}, "content-type": {"required": True}}})
        self.assertErrors(schema, self.get(), "header X-A: missing")

    def test_json_header(self) -> None:
        """A header may be documented as JSON."""
        schema = document_of({"headers": {"X-A": content({"type": "object"})}})
        self.assertErrors(schema, self.get(X_A='{"a": 1}'))
        self.assertErrors(schema, self.get(X_A="[]"), "header X-A: [] is not of type 'object'")
        with self.assertRaisesRegex(AssertionError, r"  header X-A: '\{' is not JSON \(Expecting property name"):
            self.assertMatchesOpenAPI(self.get(X_A="{"), schema)
        bare = document_of({"headers": {"X-A": {"content": {"application/json": {}}}}})
        self.assertErrors(bare, self.get(X_A="[]"))

    def test_servers(self) -> None:
        """A request may have the path of a server before its own."""
        schema = document_of(content({}), servers=[{"url": "https://example.org/api/"}, {"url": "/"}])
        schema["paths"]["/items/{a}-{b}"] = schema["paths"]["/"]
        self.assertErrors(schema, answer(5, target="/api/"))
        self.assertErrors(schema, answer(5, target="/api/items/%C3%A9-x"))

    def test_path_converter(self) -> None:
        """The last expression of a path stands for several segments where no path matches otherwise."""
        schema = make_app().openapi()
        response = answer(target="/files/a/b/c", headers={"Content-Type": "text/plain"})
        self.assertMatchesOpenAPI(response, schema)
        nested = {"/{a}/{b}": {}, "/{a}/x/{b}/raw": {"get": {"responses": {"200": {"description": ""}}}}}
        self.assertMatchesOpenAPI(answer(target="/1/x/2/3/raw"), {"openapi": "3.1.0", "paths": nested})
        with self.assertFails("GET /1/2/x/3/raw: the OpenAPI schema has no such path; got 200 OK; body: empty"):
            self.assertMatchesOpenAPI(
                answer(target="/1/2/x/3/raw"), {"openapi": "3.1.0", "paths": {"/{a}/x/{b}/raw": {}}}
            )

    def test_version(self) -> None:
        """Schemas of other versions are not JSON Schema, and are refused."""
        for version, said in [({"openapi": "3.0.2"}, "3.0.2"), ({"swagger": "2.0"}, "no version")]:
            with self.subTest(version=version), self.assertRaises(ValueError) as caught:
                self.assertMatchesOpenAPI(self.get(), version)
            message = f"the OpenAPI document is of {said}: only 3.1 and 3.2 have schemas that can be checked"
            self.assertEqual(str(caught.exception), message)


class HookTests(FailureAssertions, AsyncServerTestCase):
    """Every response of a client."""

    app = make_app()

    async def asyncSetUp(self) -> None:
        """Make a client that checks."""
        hooks = {"response": [self._openapi_hook(self.app, waits=False)]}
        self.checked = self.new_client(event_hooks=hooks, follow_redirects=True)

    async def test_conforms(self) -> None:
        """A response that conforms comes as usual, its body read."""
        response = await self.checked.get("/items/9")
        self.assertEqual(response.json(), {"name": "Widget", "price": 9.0, "tags": None})

    async def test_fails(self) -> None:
        """One that does not fails where it was asked for."""
        with self.assertFails(
            "GET /wrong/201: /wrong/{status} documents no status 201, only 200 and 422; "
            'got 201 Created; body: {"price": 1}'
        ):
            await self.checked.get("/wrong/201")

    async def test_left_alone(self) -> None:
        """What is not in the schema is left alone: routes kept out of it, the documentation, and what is not there."""
        for path, status in [("/hidden", 200), ("/items/export", 200), ("/openapi.json", 200), ("/nothing", 404)]:
            with self.subTest(path=path):
                self.assertEqual((await self.checked.get(path)).status_code, status)
        self.assertEqual((await self.checked.put("/hidden")).status_code, 405)

    async def test_redirects(self) -> None:
        """A redirect that is followed is checked, and what it leads to."""
        response = await self.checked.get("/old")
        self.assertEqual(response.json()["price"], 5.0)

    async def test_streamed(self) -> None:
        """Of a stream that is not JSON the head is checked, and the body left to the test."""
        with self.assertFails(
            "GET /wrong/200?stream=true: not as /wrong/{status} documents 200, 1 error:\n"
            "  header Content-Type: expected application/json, got text/plain; charset=utf-8\n"
            "got 200 OK; body: not read"
        ):
            async with self.checked.stream("GET", "/wrong/200", params={"stream": True}):
                pass  # pragma: no cover - it does not come so far

    async def test_no_schema(self) -> None:
        """An app that has no schema cannot be checked by it."""
        client = self.new_client(event_hooks={"response": [self._openapi_hook(Starlette(), waits=False)]})
        with self.assertRaises(TypeError) as caught:
            await client.get("/items/9")
        self.assertEqual(
            str(caught.exception),
            "HookTests has no `app` with an OpenAPI schema for /items/9: Starlette has no openapi(), as FastAPI apps "
            "have: do without check_openapi, and give the schema to assertMatchesOpenAPI()",
        )
