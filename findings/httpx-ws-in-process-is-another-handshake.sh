#!/bin/sh
# Guess: a test on ASGIWebSocketTransport of httpx-ws meets what a client meets at a server, but for an exception of
#   the app, which is raised to the test as ASGITransport of httpx does.
# What happens: the app has the offered subprotocols with a blank before each but the first. A refusal, HTTP 403 from
#   a server, is a WebSocketDisconnect with the app's close code and reason in process; a fault of the app (500, or
#   a lost connection after accept) is one with 1011 and the text of the exception, which is not raised itself.
# Seen with: httpx-ws 0.9.0, httpx 0.28.1, uvicorn 0.54.0, starlette 1.10.0
# Why it matters: tests of 'closed with 4001, not allowed' pass for a code that no client ever gets; an app that looks
#   for its second subprotocol refuses it in tests only; and 1011 with a reason is not what users get of a fault.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq httpx-ws==0.9.0 httpx==0.28.1 uvicorn==0.54.0 websockets==17.4 starlette==1.10.0
cd "$folder"
cat > program.py <<'END'
import asyncio
import socket

import httpx
import uvicorn
from httpx_ws import WebSocketDisconnect, WebSocketUpgradeError, aconnect_ws
from httpx_ws.transport import ASGIWebSocketTransport
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute


async def offers(websocket):
    await websocket.accept()
    await websocket.send_json(websocket.scope["subprotocols"])
    await websocket.receive_text()


async def refuse(websocket):
    await websocket.close(4001, "not allowed")


async def fail(websocket):
    raise RuntimeError("broken")


async def fail_later(websocket):
    await websocket.accept()
    await websocket.receive_text()
    raise RuntimeError("broken")


app = Starlette(routes=[WebSocketRoute(f"/{each.__name__}", each) for each in (offers, refuse, fail, fail_later)])


def inner(error):
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    return error


async def ask(client, path):
    try:
        async with aconnect_ws(path, client, subprotocols=["v1", "v2"]) as websocket:
            if path == "/offers":
                print("   ", path, await websocket.receive_json())
            await websocket.send_text("go on")
            if path == "/fail_later":
                await websocket.receive_text()
    except Exception as error:
        found = inner(error)
        if isinstance(found, WebSocketUpgradeError):
            print("   ", path, type(found).__name__, found.response.status_code)
        elif isinstance(found, WebSocketDisconnect):
            print("   ", path, type(found).__name__, int(found.code), repr(found.reason))
        else:
            print("   ", path, type(found).__name__)


async def main():
    paths = ("/offers", "/refuse", "/fail", "/fail_later")
    print("uvicorn")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, log_level=60))
        serving = asyncio.create_task(server.serve([listener]))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        for path in paths:
            async with httpx.AsyncClient(base_url=url, trust_env=False) as client:
                await ask(client, path)
        server.should_exit = True
        await serving
    print("in process")
    for path in paths:
        async with ASGIWebSocketTransport(app) as transport:
            async with httpx.AsyncClient(transport=transport, base_url="http://app") as client:
                await ask(client, path)


asyncio.run(main())
END
venv/bin/python program.py > seen
cat > expected <<'END'
uvicorn
    /offers ['v1', 'v2']
    /refuse WebSocketUpgradeError 403
    /fail WebSocketUpgradeError 500
    /fail_later WebSocketNetworkError
in process
    /offers ['v1', ' v2']
    /refuse WebSocketDisconnect 4001 'not allowed'
    /fail WebSocketDisconnect 1011 'broken'
    /fail_later WebSocketDisconnect 1011 'broken'
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
