#!/bin/sh
# Guess: a client that keeps cookies keeps them as RFC 6265 says: by path, host and Secure, none that has expired, and a
#   WebSocket gets those that a request gets.
# What happens: a request gets every cookie, whatever its path, its domain and Secure say; one that the app has deleted
#   comes back empty, for ever; and a WebSocket gets the attributes of Set-Cookie as if they were cookies.
# Seen with: async-asgi-testclient 1.4.11, FastAPI 0.165.0
# Why it matters: a test of the log-out sees a cookie that no browser would send, and one of a log-in whose cookie is
#   Secure, or for another path, passes.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq async-asgi-testclient==1.4.11 fastapi==0.165.0
cd "$folder"
cat > program.py <<'END'
import asyncio

from async_asgi_testclient import TestClient
from fastapi import FastAPI, Request, Response, WebSocket

app = FastAPI()


@app.get("/log-in")
async def log_in(response: Response):
    response.set_cookie("session", "ada")
    response.set_cookie("elsewhere", "1", path="/elsewhere")
    response.set_cookie("foreign", "1", domain="other.example")
    response.set_cookie("safe", "1", secure=True)


@app.get("/log-out")
async def log_out(response: Response):
    response.delete_cookie("session")


@app.get("/cookies")
async def cookies(request: Request):
    return request.cookies


@app.websocket("/cookies")
async def cookies_of_websocket(websocket: WebSocket):
    await websocket.accept()
    await websocket.send_json(sorted(websocket.cookies))


async def main():
    async with TestClient(app) as client:
        await client.get("/log-in")
        print("request", (await client.get("/cookies")).json())
        async with client.websocket_connect("/cookies") as websocket:
            names = await websocket.receive_json()
        print("websocket", {"session", "safe"} <= set(names), {"Path", "SameSite"} & set(names) != set())
        await client.get("/log-out")
        print("logged out", (await client.get("/cookies")).json())


asyncio.run(main())
END
venv/bin/python program.py > seen
cat > expected <<'END'
request {'session': 'ada', 'elsewhere': '1', 'foreign': '1', 'safe': '1'}
websocket False True
logged out {'session': '', 'elsewhere': '1', 'foreign': '1', 'safe': '1'}
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
