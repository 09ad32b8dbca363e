#!/bin/sh
# Guess: an ASGI app sees and may send the same under each server: ports are integers, and http.response.start may
#   lack its optional headers.
# What happens: granian's scope has the ports of client and server as text, repeated request headers are moved
#   together, and a response start without 'headers' is answered with 500; httpx's ASGITransport (and uvicorn) take
#   it.
# Seen with: granian 2.8.9, httpx 0.28.1
# Why it matters: request.client.port is an int to type checkers and in tests and a str in production, where `port >
#   1024` raises; bare ASGI middleware that answers by itself passes its in-process tests and is a 500 once served.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq granian==2.8.9 httpx==0.28.1
cd "$folder"
cat > app.py <<'END'
async def app(scope, receive, send):
    seen = type(scope["client"][1]).__name__, [(k, v) for k, v in scope["headers"] if k.startswith(b"x-")]
    headers = {} if scope["path"] == "/bare" else {"headers": []}
    await send({"type": "http.response.start", "status": 200, **headers})
    await send({"type": "http.response.body", "body": repr(seen).encode()})
END
cat > program.py <<'END'
import asyncio
import socket
import subprocess

import httpx
from app import app


async def ask(name, transport, port=80):
    async with httpx.AsyncClient(transport=transport, base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        headers = [("x-a", "1"), ("x-b", "2"), ("x-a", "3")]
        print(name, (await client.get("/", headers=headers)).text, (await client.get("/bare")).status_code)


asyncio.run(ask("ASGITransport", httpx.ASGITransport(app)))
with socket.create_server(("127.0.0.1", 0)) as free:
    port = free.getsockname()[1]
command = f"venv/bin/granian --interface asginl --port {port} app:app".split()
with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
    try:
        asyncio.run(ask("granian", httpx.AsyncHTTPTransport(retries=7), port))
    finally:
        process.terminate()
END
venv/bin/python program.py > seen
cat > expected <<'END'
ASGITransport ('int', [(b'x-a', b'1'), (b'x-b', b'2'), (b'x-a', b'3')]) 200
granian ('str', [(b'x-a', b'1'), (b'x-a', b'3'), (b'x-b', b'2')]) 500
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
