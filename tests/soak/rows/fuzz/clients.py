"""The clients of HTTP that are compared: this framework's, of either library, and those libraries as they come."""

import contextlib
import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import httpx2

from fastapi_testing import Client
from tests.soak.fuzz import LIMIT

__all__ = ["http_clients", "quiet"]

_NEW = httpx.Limits(max_keepalive_connections=0)
_NEW2 = httpx2.Limits(max_keepalive_connections=0)


@asynccontextmanager
async def http_clients(url: str) -> AsyncIterator[dict[str, Any]]:
    """
    Open the clients of a server, by their names.

    What they say of themselves in a request is the same. The two that are compared with have a new connection for each
    request: what an illegal answer leaves on a connection, they would take for the answer to the next request.
    """
    # httpx2 takes zstd, too, where Python has it: from 3.14 on.
    options: dict[str, Any] = {"headers": {"User-Agent": "soak", "Accept-Encoding": "gzip, deflate"}, "timeout": LIMIT}
    async with (
        Client(url, **options) as ours,
        Client(url, http_library="httpx2", **options) as ours2,
        httpx.AsyncClient(base_url=url, trust_env=False, limits=_NEW, **options) as stock,
        httpx2.AsyncClient(base_url=url, trust_env=False, limits=_NEW2, **options) as second,
    ):
        yield {"fastapi_testing": ours, "fastapi_testing with httpx2": ours2, "httpx": stock, "httpx2": second}


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep back what a server logs: it is asked for what it has to complain of."""
    logging.disable(logging.CRITICAL)
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)
