"""An app that belongs behind TLS."""

from typing import Annotated

from fastapi import Cookie, FastAPI, HTTPException, Request, Response, WebSocket
from starlette.middleware.httpsredirect import HTTPSRedirectMiddleware

app = FastAPI(title="vault")
app.add_middleware(HTTPSRedirectMiddleware)


@app.post("/login")
async def login(response: Response) -> None:
    """Set a cookie that is never sent in the clear."""
    response.set_cookie("token", "open-sesame", secure=True)


@app.get("/treasure")
async def treasure(request: Request, token: Annotated[str | None, Cookie()] = None) -> dict[str, str]:
    """Show it to who has the cookie."""
    if token is None:
        raise HTTPException(401)
    return {"treasure": "gold", "seen_at": str(request.url)}


@app.websocket("/watch")
async def watch(websocket: WebSocket) -> None:
    """Tell how it is watched."""
    await websocket.accept()
    await websocket.send_json({"scheme": websocket.url.scheme})
    await websocket.close()
