#!/bin/sh
# Guess: uvicorn tells an app the same of a WebSocket's end, whichever `ws` it is run with; they differ in what they need.
# What happens: with `ws="websockets"` a message that is too big ends the connection with 1009 for the client and with 1006 for
#   the app; an app that has closed it hears of 1005; and what it sends when the client has closed is a RuntimeError.
#   With "websockets-sansio", the default, and "wsproto", these are 1009, the app's own code, and an OSError, which
#   Starlette makes a WebSocketDisconnect of.
# Seen with: uvicorn 0.54.0, websockets 17.4, wsproto 1.3.2
# Why it matters: a loop that sends to everybody, and takes out who is gone by `except WebSocketDisconnect`, is right in tests
#   with the default, and fails where the server is started with `--ws websockets`, as older deployments are.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq uvicorn==0.54.0 websockets==17.4 wsproto==1.3.2
cd "$folder"
cat > program.py <<'END'
import asyncio
import socket
import warnings

warnings.simplefilter("ignore")

import uvicorn
from websockets.asyncio.client import connect
from websockets.exceptions import ConnectionClosed

heard = []


async def app(scope, receive, send):
    await receive()
    await send({"type": "websocket.accept"})
    if scope["path"] == "/close":
        await send({"type": "websocket.close", "code": 4002})
    end = await receive()
    heard.append(int(end["code"]))
    if scope["path"] == "/late":
        try:
            await send({"type": "websocket.send", "text": "too late"})
        except Exception as exc:
            heard.append("OSError" if isinstance(exc, OSError) else type(exc).__name__)


async def visit(port, path):
    heard.clear()
    async with connect(f"ws://127.0.0.1:{port}{path}", proxy=None) as client:
        if path == "/big":
            await client.send("x" * 5000)
        if path != "/late":
            try:
                await asyncio.wait_for(client.recv(), 10)
            except ConnectionClosed as exc:
                heard.append(f"client {exc.rcvd.code}")
    while not any(isinstance(each, int) for each in heard):
        await asyncio.sleep(0.01)
    await asyncio.sleep(0.05)
    return sorted(heard, key=str)


async def main():
    for ws in ("websockets", "websockets-sansio", "wsproto"):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            config = uvicorn.Config(app, ws=ws, ws_max_size=4000, lifespan="off", log_level="critical")
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve([listener]))
            while not server.started:
                await asyncio.sleep(0.01)
            for path in ("/big", "/close", "/late"):
                print(ws, path, await visit(listener.getsockname()[1], path))
            server.should_exit = True
            await serving


asyncio.run(main())
END
venv/bin/python program.py > seen
cat > expected <<'END'
websockets /big [1006, 'client 1009']
websockets /close [1005, 'client 4002']
websockets /late [1000, 'RuntimeError']
websockets-sansio /big [1009, 'client 1009']
websockets-sansio /close [4002, 'client 4002']
websockets-sansio /late [1000, 'OSError']
wsproto /big [1009, 'client 1009']
wsproto /close [4002, 'client 4002']
wsproto /late [1000, 'OSError']
END
diff expected seen
echo "uvicorn 0.54.0: as stated"
