"""An app that stands behind a proxy, which shows it to the world as https://shop.example/api."""

from collections.abc import Iterable

from fastapi import FastAPI, Request, WebSocket


def create_app() -> FastAPI:
    """Make the app, as `uvicorn --factory storefront:create_app --root-path /api` does."""
    app = FastAPI()

    @app.get("/visitor")
    async def visitor(request: Request) -> dict[str, str]:
        host = request.client.host if request.client else "nobody"
        return {"from": host, "scheme": request.url.scheme, "under": request.scope["root_path"]}

    @app.websocket("/questions")
    async def questions(websocket: WebSocket) -> None:
        await websocket.accept()
        async for question in websocket.iter_text():
            await websocket.send_text(f"{question}? Ask at the counter.")

    return app


def names(schema: dict[str, list[dict[str, str]]]) -> Iterable[str]:
    """Yield the servers that an OpenAPI schema names."""
    return (server["url"] for server in schema["servers"])
