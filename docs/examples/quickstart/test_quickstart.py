from fastapi import FastAPI, WebSocket
from fastapi_testing import AsyncServerTestCase

app = FastAPI()


@app.post("/items", status_code=201)
async def create_item(item: dict[str, str]) -> dict[str, str]:
    return {"id": "1", **item}


@app.websocket("/echo")
async def echo(websocket: WebSocket) -> None:
    await websocket.accept()
    await websocket.send_json({"said": await websocket.receive_json()})


class ShopTests(AsyncServerTestCase):
    app = app

    async def test_create_item(self) -> None:
        response = await self.client.post("/items", json={"name": "Widget"})
        self.assertStatus(response, 201)
        self.assertJsonContains(response, {"name": "Widget"})

    async def test_echo(self) -> None:
        async with self.ws.connect("/echo") as session:
            await session.send_json("hello")
            await self.assertWebSocketReceives(session, {"said": "hello"})
