"""HTTP: one request after the other, many at once, and large ones; and what it takes to have a client."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

from fastapi_testing import AsyncServerTestCase, Client, ServerTestCase
from tests.benchmarks.app import app
from tests.benchmarks.batches import AsyncOperation, Operation, asynchronous, synchronous
from tests.benchmarks.case import in_plain_test, in_test
from tests.benchmarks.peers import (
    AIOHTTP,
    ASGI_TRANSPORT,
    HTTPX,
    OURS,
    OURS_ON_HTTPX2,
    TEST_CLIENT,
    TEST_CLIENT_NEEDS,
    aiohttp_client,
    asgi_transport,
    httpx_over_tcp,
    test_client,
)
from tests.benchmarks.row import Contender, Row, Target
from tests.benchmarks.serving import bare_uvicorn

__all__ = ["ROWS"]

_MEGABYTE = 1_000_000
_AT_ONCE = 100
_BARE = "not recorded"


@dataclass(frozen=True, kw_only=True)
class _Request:
    """A request, and what its response has to be."""

    method: str
    path: str
    body: dict[str, Any]  # the keyword arguments that carry it, by the names that all clients have for them
    status: int
    size: int

    def check(self, status: int, content: bytes) -> None:
        assert (status, len(content)) == (self.status, self.size), (status, content[:100])


_ITEM = {"name": "Widget 1", "price": 9.99, "tags": ["small", "blue"]}
_ITEM_SIZE = len(b'{"name":"Widget 1","price":9.99,"tags":["small","blue"]}')

_GET = _Request(method="GET", path="/items/1", body={}, status=200, size=_ITEM_SIZE)
_POST = _Request(method="POST", path="/items", body={"json": _ITEM}, status=201, size=_ITEM_SIZE)


def _mirror(client_keyword: str) -> _Request:
    """Return the large request; httpx sends bytes as ``content``, aiohttp as ``data``."""
    body = {client_keyword: bytes(_MEGABYTE)}
    return _Request(method="POST", path="/mirror", body=body, status=200, size=_MEGABYTE)


def _httpx_operation(client: httpx.AsyncClient, request: _Request) -> AsyncOperation:
    async def operation() -> None:
        response = await client.request(request.method, request.path, **request.body)
        request.check(response.status_code, response.content)

    return operation


def _aiohttp_operation(client: Any, request: _Request) -> AsyncOperation:
    async def operation() -> None:
        async with client.request(request.method, request.path, **request.body) as response:
            request.check(response.status, await response.read())

    return operation


def _test_client_operation(client: Any, request: _Request) -> Operation:
    def operation() -> None:
        response = client.request(request.method, request.path, **request.body)
        request.check(response.status_code, response.content)

    return operation


def _our_contender(request: _Request, *, at_once: int) -> Contender:
    @asynccontextmanager
    async def opened(case: AsyncServerTestCase) -> AsyncIterator[AsyncOperation]:
        yield _repeated(_httpx_operation(case.client, request), at_once)

    return Contender(name=OURS, opened=in_test(opened))


def _second_contender(request: _Request) -> Contender:
    """Return our own client of the other library."""

    @asynccontextmanager
    async def opened(case: AsyncServerTestCase) -> AsyncIterator[AsyncOperation]:
        yield _httpx_operation(case.new_client(http_library="httpx2"), request)

    return Contender(name=OURS_ON_HTTPX2, opened=in_test(opened), needs=("httpx2",))


def _async_contender(
    name: str,
    open_client: Callable[[], AbstractAsyncContextManager[Any]],
    make_operation: Callable[[Any, _Request], AsyncOperation],
    request: _Request,
    *,
    at_once: int,
    needs: tuple[str, ...] = (),
) -> Contender:
    @asynccontextmanager
    async def opened() -> AsyncIterator[AsyncOperation]:
        async with open_client() as client:
            yield _repeated(make_operation(client, request), at_once)

    return Contender(name=name, opened=asynchronous(opened), needs=needs)


def _repeated(operation: AsyncOperation, times: int) -> AsyncOperation:
    """Return an operation that does another one several times at once."""
    if times == 1:
        return operation

    async def operations() -> None:
        await asyncio.gather(*(_coroutine(operation()) for _ in range(times)))

    return operations


async def _coroutine(awaitable: Awaitable[object]) -> None:
    await awaitable


def _async_contenders(request: _Request, aiohttp_request: _Request, *, at_once: int = 1) -> tuple[Contender, ...]:
    return (
        _our_contender(request, at_once=at_once),
        _async_contender(ASGI_TRANSPORT, asgi_transport, _httpx_operation, request, at_once=at_once),
        _async_contender(HTTPX, httpx_over_tcp, _httpx_operation, request, at_once=at_once),
        _async_contender(
            AIOHTTP, aiohttp_client, _aiohttp_operation, aiohttp_request, at_once=at_once, needs=("aiohttp",)
        ),
    )


def _test_client_contender(request: _Request) -> Contender:
    @contextmanager
    def opened() -> Iterator[Operation]:
        with test_client() as client:
            yield _test_client_operation(client, request)

    return Contender(name=TEST_CLIENT, opened=synchronous(opened), needs=TEST_CLIENT_NEEDS)


def _plain_contenders(request: _Request) -> tuple[Contender, ...]:
    def operation_of(case: ServerTestCase) -> Operation:
        return _test_client_operation(case.client, request)

    return (Contender(name=OURS, opened=in_plain_test(operation_of)), _test_client_contender(request))


def _all_contenders(request: _Request, aiohttp_request: _Request | None = None) -> tuple[Contender, ...]:
    return (*_async_contenders(request, aiohttp_request or request), _test_client_contender(request))


@asynccontextmanager
async def _bare() -> AsyncIterator[Client]:
    """Open our client without what settles its requests, and a server of uvicorn's bare parts."""
    async with bare_uvicorn() as url, Client(url) as client:
        client._transport = client._way = client._transport._transport  # type: ignore[attr-defined]  # for this one
        yield client


@asynccontextmanager
async def _making_ours(case: AsyncServerTestCase) -> AsyncIterator[AsyncOperation]:
    async def operation() -> None:
        await case.new_client().aclose()

    yield operation


@asynccontextmanager
async def _making_asgi_transport() -> AsyncIterator[AsyncOperation]:
    async def operation() -> None:
        await httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test").aclose()

    yield operation


@asynccontextmanager
async def _making_httpx() -> AsyncIterator[AsyncOperation]:
    async def operation() -> None:
        await httpx.AsyncClient(base_url="http://127.0.0.1").aclose()

    yield operation


@contextmanager
def _making_test_client() -> Iterator[Operation]:
    from starlette.testclient import TestClient  # noqa: PLC0415 - it warns where httpx2 is missing

    yield lambda: TestClient(app).close()


ROWS = (
    Row(
        name="get",
        title="GET, one after the other",
        unit="a request",
        contenders=(
            *_all_contenders(_GET),
            _async_contender(_BARE, _bare, _httpx_operation, _GET, at_once=1),
            _second_contender(_GET),
        ),
        targets=(
            Target(peer=ASGI_TRANSPORT, at_most=1.0),
            Target(peer=HTTPX, at_most=0.35),
            Target(peer=_BARE, at_most=1.05),
        ),
    ),
    Row(
        name="post",
        title="POST of a pydantic model, one after the other",
        unit="a request",
        contenders=_all_contenders(_POST),
        targets=(Target(peer=ASGI_TRANSPORT, at_most=1.0), Target(peer=HTTPX, at_most=0.35)),
    ),
    Row(
        name="sync-get",
        title="GET in a plain test, one after the other",
        unit="a request",
        contenders=_plain_contenders(_GET),
        targets=(Target(peer=TEST_CLIENT, at_most=1.0),),
        note="In a ServerTestCase, whose server is on another thread.",
    ),
    Row(
        name="sync-post",
        title="POST of a pydantic model in a plain test, one after the other",
        unit="a request",
        contenders=_plain_contenders(_POST),
        targets=(Target(peer=TEST_CLIENT, at_most=1.0),),
        note="In a ServerTestCase, whose server is on another thread.",
    ),
    Row(
        name="at-once",
        title="100 GETs at once",
        unit="100 requests",
        contenders=_async_contenders(_GET, _GET, at_once=_AT_ONCE),
        targets=(Target(peer=HTTPX, at_most=0.4),),
        note="Starlette's TestClient makes one request at a time. httpx keeps 20 idle connections, and opens 80 anew.",
    ),
    Row(
        name="body",
        title="POST of 1 MB, returned",
        unit="a request",
        contenders=_all_contenders(_mirror("content"), _mirror("data")),
    ),
    Row(
        name="client",
        title="Making and closing a client",
        unit="a client",
        contenders=(
            Contender(name=OURS, opened=in_test(_making_ours)),
            Contender(name=ASGI_TRANSPORT, opened=asynchronous(_making_asgi_transport)),
            Contender(name=HTTPX, opened=asynchronous(_making_httpx)),
            Contender(name=TEST_CLIENT, opened=synchronous(_making_test_client), needs=TEST_CLIENT_NEEDS),
        ),
        targets=(Target(at_most=100e-6),),
    ),
)
