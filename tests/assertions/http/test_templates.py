"""What is claimed of the template that a page was made of, and how its way to the test changes nothing for the app."""

import unittest
from collections.abc import Callable
from typing import Any

import httpx
import httpx2
import jinja2
from fastapi import FastAPI, Request, Response
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates
from starlette.middleware.base import BaseHTTPMiddleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.testclient import TestClient

from fastapi_testing import AsyncServerTestCase, AsyncTestClient, ServerTestCase, TemplateAssertions
from tests.assertions.failures import FailureAssertions

SEEN = "a template is seen where Starlette's Jinja2Templates makes the response, and what stands around it lets that by"

app = FastAPI()
templates = Jinja2Templates(
    env=jinja2.Environment(loader=jinja2.DictLoader({"cart.html": "{{ total }}"}), autoescape=True)
)
offered: list[Any] = []


@app.get("/cart")
async def show_cart(request: Request) -> Response:
    """Answer with a page."""
    return templates.TemplateResponse(request, "cart.html", {"total": 3})


@app.get("/plain")
async def show_plain(request: Request) -> HTMLResponse:
    """Answer with a page that is made of no template."""
    offered.append(request.scope["extensions"])
    return HTMLResponse("3")


@app.get("/told")
async def tell(request: Request) -> Response:
    """Answer with a page whose makers tell something else of it."""

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.debug", "info": {"context": {}}})
        await HTMLResponse("3")(scope, receive, send)

    class Told(Response):
        async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
            await answer(scope, receive, send)

    return Told()


class AsyncTests(AsyncServerTestCase, FailureAssertions):
    """The assertions, and where template and context come from."""

    app = app

    def assertClaimFails(self, message: str, claim: Callable[[], None]) -> None:
        """Fail unless an assertion fails with this message."""
        with self.assertFails(message):
            claim()

    async def test_client(self) -> None:
        """A response has both, and the body is as it is; another response has neither."""
        response: Any = await self.client.get("/cart")
        self.assertEqual((response.text, response.template.name, response.context["total"]), ("3", "cart.html", 3))
        self.assertEqual(response.extensions["http.response.debug"]["context"], response.context)
        self.assertIsNone(response.extensions["exchange"].debug)
        self.assertFalse(hasattr(await self.client.get("/plain"), "template"))
        self.assertEqual(offered[-1], {"http.response.debug": {}})

    async def test_other_clients(self) -> None:
        """So has one of a client that the test gives itself, of a stream, and of one that wraps it."""
        async with self.client.stream("GET", "/cart") as streamed:
            self.assertTemplateUsed(streamed, "cart.html")
        clients: list[Any] = [httpx.AsyncClient(base_url=self.server.url), httpx2.AsyncClient(base_url=self.server.url)]
        for client in [*clients, AsyncTestClient(self.server.url)]:
            self.client = client
            response = await self.client.get("/cart")
            self.assertTemplateUsed(response, "cart.html")
            self.assertContext(response, "total", 3)

    async def test_testclient(self) -> None:
        """So has one of Starlette's TestClient."""
        response: Any = TestClient(app).get("/cart")
        self.assertTemplateUsed(response, "cart.html")
        self.assertContext(response, "total", 3)

    async def test_template(self) -> None:
        """A failure names both templates, or says that there was none."""
        response = await self.client.get("/cart")
        self.assertClaimFails(
            "GET /cart: expected template 'order.html', got 'cart.html'",
            lambda: self.assertTemplateUsed(response, "order.html"),
        )
        plain = await self.client.get("/plain")
        self.assertClaimFails(
            f"GET /plain: expected template 'cart.html', but none was rendered; got 200 OK; body: 3\n{SEEN}",
            lambda: self.assertTemplateUsed(plain, "cart.html"),
        )
        with self.assertRaisesRegex(TypeError, "^expected a response, got 'cart.html'$"):
            self.assertTemplateUsed("cart.html", "cart.html")  # type: ignore[arg-type]
        with self.assertRaisesRegex(TypeError, "write here: msg=..."):
            self.assertTemplateUsed(response, "cart.html", msg_prefix="x")  # type: ignore[call-arg]

    async def test_context(self) -> None:
        """A failure names the variables that there are, or both values, or says that there was no template."""
        response = await self.client.get("/cart")
        self.assertClaimFails(
            "GET /cart: expected 'sum' in the context of 'cart.html', which has 'request', 'total'",
            lambda: self.assertContext(response, "sum", 3),
        )
        self.assertClaimFails(
            "GET /cart: expected 'total' in the context of 'cart.html' to be 4, got 3 : of two",
            lambda: self.assertContext(response, "total", 4, "of two"),
        )
        plain = await self.client.get("/plain")
        self.assertClaimFails(
            f"GET /plain: expected a template with 'total', but none was rendered; got 200 OK; body: 3\n{SEEN}",
            lambda: self.assertContext(plain, "total", 3),
        )
        told = await self.client.get("/told")
        self.assertClaimFails(
            "GET /told: expected 'total' in the context of None, which has nothing",
            lambda: self.assertContext(told, "total", 3),
        )


class SyncTests(ServerTestCase):
    """Plain tests, of an app that has middleware around it."""

    @classmethod
    async def create_app(cls) -> FastAPI:
        """Return an app behind middleware that hands on what it knows."""

        async def pass_on(request: Request, call_next: Any) -> Response:
            response: Response = await call_next(request)
            return response

        wrapped = FastAPI()
        wrapped.mount("/shop", app)
        wrapped.add_middleware(BaseHTTPMiddleware, dispatch=pass_on)
        return wrapped

    def test_through_middleware(self) -> None:
        """Both come through it."""
        response = self.client.get("/shop/cart")
        self.assertTemplateUsed(response, "cart.html")
        self.assertContext(response, "total", 3)

    def test_given_client(self) -> None:
        """Those of a client of httpx have them, too."""
        self.client = httpx.Client(base_url=self.server.url)
        response = self.client.get("/shop/cart")
        self.assertTemplateUsed(response, "cart.html")

    def test_not_taken(self) -> None:
        """Of responses that no client here takes, so many are kept, and all go with the test."""
        with httpx.Client(base_url=self.server.url) as client:
            for _ in range(102):
                client.get("/shop/cart")
        self.server.settle()
        exchanges = list(self.server.recorder.exchanges)
        self.assertEqual([each.debug is None for each in exchanges], [True] * 2 + [False] * 100)
        self.server.recorder.let_go()
        self.assertEqual({each.debug for each in exchanges if each.debug is not None}, set())


class DroppedTests(ServerTestCase):
    """An app whose middleware drops what it does not know."""

    @classmethod
    async def create_app(cls) -> Any:
        """Return an app that compresses what it answers."""
        return GZipMiddleware(app, minimum_size=10_000)

    def test_answers(self) -> None:
        """It answers as it does without a test."""
        self.assertContains(self.client.get("/cart"), "3")


class MixinTests(unittest.TestCase):
    """The mixin by itself."""

    def test_alone(self) -> None:
        """It is for any test case."""
        TemplateAssertions().assertTemplateUsed(TestClient(app).get("/cart"), "cart.html")
