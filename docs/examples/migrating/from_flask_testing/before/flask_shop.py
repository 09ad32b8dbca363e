"""The shop, in Flask."""

from flask import Flask, abort, redirect, request
from werkzeug.wrappers import Response

prices = {"teapot": 24.5}


def create_app() -> Flask:
    """Make the app."""
    app = Flask(__name__)

    @app.get("/")
    def start() -> Response:
        return redirect("/items/teapot")

    @app.get("/items/<name>")
    def read_item(name: str) -> dict[str, str | float]:
        if name not in prices:
            abort(404)
        return {"name": name, "price": prices[name]}

    @app.post("/orders")
    def create_order() -> tuple[dict[str, str], int]:
        if not request.headers.get("Authorization", "").startswith("Token "):
            abort(401)
        return {"sold": request.get_json()["item"]}, 201

    return app
