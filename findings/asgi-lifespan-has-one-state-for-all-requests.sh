#!/bin/sh
# Guess: behind LifespanManager(app).app each request has a shallow copy of the lifespan's state, as the ASGI
#   specification has it and servers do.
# What happens: all requests have the very same dictionary. What one sets on request.state is there in the next, and
#   stays; under uvicorn it is gone with its request.
# Seen with: asgi-lifespan 2.1.0, FastAPI 0.165.0, httpx 0.28.1, uvicorn 0.54.0
# Why it matters: a user that one request has put on request.state is still there for the next test's request, so a
#   missing log-in passes in process and fails once served; and a count on request.state that works in tests always
#   starts anew in production.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq asgi-lifespan==2.1.0 fastapi==0.165.0 httpx==0.28.1 uvicorn==0.54.0
cd "$folder"
cat > program.py <<'END'
import asyncio
import socket
from contextlib import asynccontextmanager

import httpx
import uvicorn
from asgi_lifespan import LifespanManager
from fastapi import FastAPI, Request


@asynccontextmanager
async def lifespan(app):
    yield {"visits": 0}


app = FastAPI(lifespan=lifespan)


@app.get("/")
async def visit(request: Request, user: str | None = None):
    request.state.visits += 1
    if user:
        request.state.user = user
    return [request.state.visits, getattr(request.state, "user", "nobody")]


async def visits(name, **options):
    async with httpx.AsyncClient(trust_env=False, **options) as client:
        print(name, [(await client.get(path)).json() for path in ("/?user=ada", "/", "/")])


async def main():
    async with LifespanManager(app) as manager:
        await visits("asgi-lifespan", transport=httpx.ASGITransport(manager.app), base_url="http://app")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level="critical"))
        serving = asyncio.create_task(server.serve([listener]))
        await visits("uvicorn", base_url=f"http://127.0.0.1:{listener.getsockname()[1]}")
        server.should_exit = True
        await serving


asyncio.run(main())
END
venv/bin/python program.py > seen
cat > expected <<'END'
asgi-lifespan [[1, 'ada'], [2, 'ada'], [3, 'ada']]
uvicorn [[1, 'ada'], [1, 'nobody'], [1, 'nobody']]
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
