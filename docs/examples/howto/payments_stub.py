"""A stub of the payments API: it writes down what it is asked, and answers what a test wants."""

from collections.abc import Awaitable, Callable
from typing import Any

from fastapi import FastAPI, Request, Response
from fastapi.responses import JSONResponse

Answer = Callable[[Request], Awaitable[Response]]


class PaymentsStub:
    """
    As much of the API as the shop uses.

    Attributes:
        app: It, to be served.
        charges: What it was asked for.
        answer: What answers.
    """

    def __init__(self) -> None:
        self.app = FastAPI()
        self.app.post("/charges")(self.charge)
        self.reset()

    def reset(self) -> None:
        """Forget what was asked, and approve of all."""
        self.charges: list[Any] = []
        self.answer: Answer = approve

    async def charge(self, request: Request) -> Response:
        """Answer as the test wants."""
        self.charges.append(await request.json())
        return await self.answer(request)


async def approve(_: Request) -> Response:
    """Take the money."""
    return JSONResponse({"id": "ch_1"}, 201)


async def decline(_: Request) -> Response:
    """Do not."""
    return JSONResponse({"error": "card_declined"}, 402)


async def fail(_: Request) -> Response:
    """Be out of order."""
    return Response("oops", 500)


async def garble(_: Request) -> Response:
    """Break off in the middle of a document."""
    return Response('{"id": "ch', 201, media_type="application/json")


async def hang(request: Request) -> Response:
    """Say nothing until the client gives up."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
    return Response()
