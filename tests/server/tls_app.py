"""The app that the tests of TLS serve."""

from typing import Any

from fastapi import FastAPI, Request, WebSocket
from fastapi.responses import Response

__all__ = ["app"]

app = FastAPI(title="secure")


@app.get("/scheme")
async def scheme(request: Request) -> dict[str, Any]:
    """Tell how it is asked."""
    return {"scheme": request.scope["scheme"], "url": str(request.url)}


@app.websocket("/scheme")
async def scheme_of_websocket(websocket: WebSocket) -> None:
    """Tell the same over a WebSocket."""
    await websocket.accept()
    await websocket.send_text(websocket.scope["scheme"])
    await websocket.close()


@app.get("/login")
async def login(response: Response) -> None:
    """Set a cookie that only goes where nobody reads it."""
    response.set_cookie("session", "abc", secure=True)


@app.get("/cookies")
async def cookies(request: Request) -> dict[str, str]:
    """Tell the cookies."""
    return request.cookies
