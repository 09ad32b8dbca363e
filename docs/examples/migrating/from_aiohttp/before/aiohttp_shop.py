"""The shop, in aiohttp."""

from collections.abc import AsyncIterator

from aiohttp import web

PRICES = web.AppKey("prices", dict[str, float])


async def stock(app: web.Application) -> AsyncIterator[None]:
    """Have something to sell for as long as the shop is open."""
    app[PRICES] = {"teapot": 24.5}
    yield


async def read_item(request: web.Request) -> web.Response:
    """Show an item."""
    name = request.match_info["name"]
    if name not in request.app[PRICES]:
        raise web.HTTPNotFound
    return web.json_response({"name": name, "price": request.app[PRICES][name]})


async def till(request: web.Request) -> web.WebSocketResponse:
    """Take the names of items, and answer each with the sum so far."""
    websocket = web.WebSocketResponse()
    await websocket.prepare(request)
    total = 0.0
    async for message in websocket:
        if message.json() not in request.app[PRICES]:
            await websocket.close(code=1008, message=b"no such item")
            break
        total += request.app[PRICES][message.json()]
        await websocket.send_json({"total": total})
    return websocket


def create_app() -> web.Application:
    """Make the app."""
    app = web.Application()
    app.cleanup_ctx.append(stock)
    app.add_routes([web.get("/items/{name}", read_item), web.get("/till", till)])
    return app
