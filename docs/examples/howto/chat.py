"""A chat of two rooms: what the guide on WebSockets talks to."""

from contextlib import suppress

from fastapi import FastAPI, WebSocket, WebSocketDisconnect, WebSocketException

app = FastAPI()


@app.websocket("/rooms/{room}")
async def chat(websocket: WebSocket, room: str) -> None:
    """Say everything back, by the name that the user has in a cookie or a header; close at "bye"."""
    if room not in {"lobby", "kitchen"}:
        raise WebSocketException(1008)
    name = websocket.cookies.get("name") or websocket.headers.get("x-name", "nobody")
    await websocket.accept()
    with suppress(WebSocketDisconnect):
        while (text := await websocket.receive_text()) != "bye":
            await websocket.send_json({"room": room, "name": name, "said": text})
        await websocket.close(4000, f"bye, {name}")
