"""The responses of httpx2, for whose requests this is imported."""

import httpx2

from fastapi_testing.client.transport.body import KnowingResponse, WholeBody

__all__ = ["LoopbackResponse", "WholeResponse"]


class LoopbackResponse(KnowingResponse, httpx2.Response):  # type: ignore[misc]  # to a checker, the half is of httpx
    """A response of httpx2 that knows what other libraries call its attributes."""


class WholeResponse(WholeBody, LoopbackResponse):  # type: ignore[misc]
    """A response of httpx2 whose body came with its head."""
