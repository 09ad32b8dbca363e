"""An app whose answers show what a client does, and is told."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import FastAPI, Request, Response, UploadFile
from fastapi.responses import PlainTextResponse, RedirectResponse, StreamingResponse
from pydantic import BaseModel

__all__ = ["app"]

app = FastAPI()


class Item(BaseModel):
    """Something for sale."""

    name: str
    price: float = 1.5


@app.api_route("/echo", methods=["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "QUERY"])
async def echo(request: Request) -> dict[str, Any]:
    """Say what came: all of it but the address of the server, which differs in no way that a client decides."""
    return {
        "method": request.method,
        "target": request.scope["raw_path"].decode(),
        "query": request.url.query,
        "headers": [(name.decode("latin-1"), value.decode("latin-1")) for name, value in request.headers.raw],
        "body": (await request.body()).hex(),
    }


@app.head("/item")
@app.get("/item")
async def item() -> Item:
    """Return a model."""
    return Item(name="Widget")


@app.post("/items", status_code=201)
async def create(item: Item) -> Item:
    """Take a model."""
    return item


@app.get("/status/{status}")
async def status(status: int) -> Response:
    """Answer with a status, and a body where that may have one."""
    return Response(status_code=status, headers={"x-status": str(status)})


@app.get("/headers")
async def headers() -> Response:
    """Answer with headers that are repeated, empty, and not ASCII."""
    response = PlainTextResponse("caf\u00e9")
    response.raw_headers += [(b"X-Twice", b"1"), (b"x-twice", b"2"), (b"X-Empty", b""), (b"x-latin", b"caf\xe9")]
    return response


@app.get("/gzip")
async def compressed() -> Response:
    """Answer with a body that is encoded."""
    return Response(gzip.compress(b"hello " * 100), headers={"content-encoding": "gzip"}, media_type="text/plain")


@app.get("/cookies")
async def set_cookies() -> Response:
    """Set cookies, and delete one."""
    response = Response()
    response.set_cookie("session", "abc", httponly=True)
    response.set_cookie("here", "1", path="/cookies")
    response.set_cookie("old", max_age=0)  # delete_cookie() also writes the time
    return response


@app.api_route("/redirect/{status}", methods=["GET", "POST"])
async def redirect(status: int, to: str) -> Response:
    """Lead elsewhere, with a cookie."""
    response = RedirectResponse(to, status)
    response.set_cookie("redirected", str(status))
    return response


@app.get("/big")
async def big(size: int) -> Response:
    """Answer with so many bytes."""
    return Response(bytes(range(250)) * (size // 250))


@app.get("/stream")
async def stream(pieces: int) -> StreamingResponse:
    """Answer in chunks, of which each is sent before the next is made."""

    async def body() -> AsyncIterator[bytes]:
        for number in range(pieces):
            yield b"piece %d;" % number
            await asyncio.sleep(0)

    return StreamingResponse(body())


@app.get("/close")
async def close() -> Response:
    """Answer, and close the connection."""
    return PlainTextResponse("bye", headers={"connection": "close"})


@app.post("/upload")
async def upload(file: UploadFile, request: Request) -> dict[str, Any]:
    """Say what was uploaded."""
    content = await file.read()
    form = await request.form()
    return {"name": file.filename, "type": file.content_type, "size": len(content), "fields": sorted(form)}


@app.post("/deaf")
async def deaf() -> Response:
    """Answer without reading the body."""
    return PlainTextResponse("not now", 413)


@app.get("/basic")
async def basic(request: Request) -> Response:
    """Ask who is there."""
    authorization: Annotated[str | None, "as sent"] = request.headers.get("authorization")
    return PlainTextResponse(authorization) if authorization else Response(None, 401, {"www-authenticate": "Basic"})


@app.get("/broken")
async def broken() -> Response:
    """Fail."""
    raise RuntimeError("broken")
