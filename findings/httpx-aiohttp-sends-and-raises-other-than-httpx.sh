#!/bin/sh
# Guess: httpx on the transport of httpx-aiohttp sends what httpx sends and raises what it raises.
# What happens: a refused connection is ConnectTimeout, which is no ConnectError; headers given twice arrive as one,
#   joined; the quoting of the query is redone (%2F becomes /); a GET that follows a redirect is sent with a chunked
#   body of application/octet-stream.
# Seen with: httpx-aiohttp 0.2.0, aiohttp 3.14.5, httpx 0.28.1, FastAPI 0.165.0, uvicorn 0.54.0
# Why it matters: `except ConnectError` no longer catches a server that is down; a list[str] header has one item; a
#   signature over the URL as sent does not verify; proxies that refuse a GET with a body refuse the redirect.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq httpx-aiohttp==0.2.0 aiohttp==3.14.5 httpx==0.28.1 fastapi==0.165.0 uvicorn==0.54.0
cd "$folder"
cat > program.py <<'END'
import asyncio
import socket
from typing import Annotated

import httpx
import uvicorn
from fastapi import FastAPI, Header, Request
from fastapi.responses import RedirectResponse
from httpx_aiohttp import HttpxAiohttpClient

app = FastAPI()


@app.get("/seen")
async def seen(request: Request, x_tag: Annotated[list[str], Header()] = []):
    body = {name: request.headers[name] for name in ("transfer-encoding", "content-type") if name in request.headers}
    return {"tags": x_tag, "query": request.scope["query_string"].decode(), "body": body}


@app.get("/moved")
async def moved():
    return RedirectResponse("/seen")


async def ask(client):
    print(type(client).__name__)
    response = await client.get("/seen?next=%2Fhome", headers=[("x-tag", "red"), ("x-tag", "blue")])
    print("   ", response.json())
    print("   ", (await client.get("/moved", follow_redirects=True)).json()["body"])
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    try:
        await client.get(f"http://127.0.0.1:{port}/")
    except httpx.TransportError as error:
        print("   ", type(error).__name__, "is a ConnectError:", isinstance(error, httpx.ConnectError))


async def main():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        serving = asyncio.create_task(server.serve([listener]))
        for make in (httpx.AsyncClient, HttpxAiohttpClient):
            async with make(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", trust_env=False) as client:
                await ask(client)
        server.should_exit = True
        await serving


asyncio.run(main())
END
venv/bin/python program.py > seen
cat > expected <<'END'
AsyncClient
    {'tags': ['red', 'blue'], 'query': 'next=%2Fhome', 'body': {}}
    {}
    ConnectError is a ConnectError: True
HttpxAiohttpClient
    {'tags': ['red, blue'], 'query': 'next=/home', 'body': {}}
    {'transfer-encoding': 'chunked', 'content-type': 'application/octet-stream'}
    ConnectTimeout is a ConnectError: False
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
