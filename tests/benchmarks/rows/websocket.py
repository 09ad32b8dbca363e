"""WebSockets: an echo over an open connection, and a connection for each echo."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, AbstractContextManager, asynccontextmanager, contextmanager
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

from fastapi_testing import AsyncServerTestCase
from tests.benchmarks.batches import AsyncOperation, Operation, asynchronous, synchronous
from tests.benchmarks.case import in_test
from tests.benchmarks.peers import (
    AIOHTTP,
    OURS,
    TEST_CLIENT,
    TEST_CLIENT_NEEDS,
    WEBSOCKETS,
    WEBSOCKETS_BARE,
    aiohttp_client,
    test_client,
)
from tests.benchmarks.row import Contender, Row, Target
from tests.benchmarks.serving import bare_uvicorn

__all__ = ["ROWS"]

_TEXT = '{"room":"lobby","say":"hello"}'

_Connect = Callable[[], AbstractAsyncContextManager[Any]]
"""Opens one connection to the app's echo."""

_Echo = Callable[[Any], AsyncOperation]
"""Makes an operation of an open connection: a message, and the same message back."""

_Form = Callable[[_Connect, _Echo], AbstractAsyncContextManager[AsyncOperation]]
"""Makes the operation that is measured."""


@asynccontextmanager
async def _echoes(open_connection: _Connect, echo: _Echo) -> AsyncIterator[AsyncOperation]:
    """Make echoes over one connection."""
    async with open_connection() as connection:
        yield echo(connection)


@asynccontextmanager
async def _connections(open_connection: _Connect, echo: _Echo) -> AsyncIterator[AsyncOperation]:
    """Make connections that each carry one echo."""

    async def operation() -> None:
        async with open_connection() as connection:
            await echo(connection)()

    yield operation


def _our_contender(form: _Form) -> Contender:
    def opened(case: AsyncServerTestCase) -> AbstractAsyncContextManager[AsyncOperation]:
        return form(lambda: case.ws.connect("/echo"), _our_echo)

    return Contender(name=OURS, opened=in_test(opened))


def _our_echo(session: Any) -> AsyncOperation:
    async def operation() -> None:
        await session.send_text(_TEXT)
        _check(await session.receive_text())

    return operation


def _peer(
    name: str,
    connecting: Callable[[], AbstractAsyncContextManager[_Connect]],
    echo: _Echo,
    form: _Form,
    needs: tuple[str, ...] = (),
) -> Contender:
    @asynccontextmanager
    async def opened() -> AsyncIterator[AsyncOperation]:
        async with connecting() as open_connection, form(open_connection, echo) as operation:
            yield operation

    return Contender(name=name, opened=asynchronous(opened), needs=needs)


def _websockets_connecting(**options: Any) -> Callable[[], AbstractAsyncContextManager[_Connect]]:
    @asynccontextmanager
    async def connecting() -> AsyncIterator[_Connect]:
        async with bare_uvicorn() as url:
            yield lambda: connect(f"{url.replace('http', 'ws')}/echo", **options)

    return connecting


def _websockets_echo(connection: ClientConnection) -> AsyncOperation:
    async def operation() -> None:
        await connection.send(_TEXT)
        _check(await connection.recv())

    return operation


@asynccontextmanager
async def _aiohttp_connecting() -> AsyncIterator[_Connect]:
    async with aiohttp_client() as client:
        yield lambda: client.ws_connect("/echo")


def _aiohttp_echo(connection: Any) -> AsyncOperation:
    async def operation() -> None:
        await connection.send_str(_TEXT)
        _check(await connection.receive_str())

    return operation


def _check(received: object) -> None:
    assert received == _TEXT, received


def _test_client_echo(session: Any) -> None:
    session.send_text(_TEXT)
    _check(session.receive_text())


@contextmanager
def _test_client_echoes() -> Iterator[Operation]:
    with test_client() as client, client.websocket_connect("/echo") as session:
        yield lambda: _test_client_echo(session)


@contextmanager
def _test_client_connections() -> Iterator[Operation]:
    with test_client() as client:

        def operation() -> None:
            with client.websocket_connect("/echo") as session:
                _test_client_echo(session)

        yield operation


def _contenders(
    form: _Form, test_client_opened: Callable[[], AbstractContextManager[Operation]]
) -> tuple[Contender, ...]:
    bare = _websockets_connecting(compression=None, proxy=None)
    return (
        _our_contender(form),
        _peer(WEBSOCKETS_BARE, bare, _websockets_echo, form),
        _peer(WEBSOCKETS, _websockets_connecting(), _websockets_echo, form),
        _peer(AIOHTTP, _aiohttp_connecting, _aiohttp_echo, form, needs=("aiohttp",)),
        Contender(name=TEST_CLIENT, opened=synchronous(test_client_opened), needs=TEST_CLIENT_NEEDS),
    )


_BARE_NOTE = "Bare is websockets without compression, and without a look at the environment for proxies."

ROWS = (
    Row(
        name="echo",
        title="WebSocket echo",
        unit="an echo",
        contenders=_contenders(_echoes, _test_client_echoes),
        note=_BARE_NOTE,
    ),
    Row(
        name="connect",
        title="WebSocket connect, echo, close",
        unit="a connection",
        contenders=_contenders(_connections, _test_client_connections),
        targets=(Target(peer=WEBSOCKETS_BARE, at_most=1.1),),
        note=_BARE_NOTE,
    ),
)
