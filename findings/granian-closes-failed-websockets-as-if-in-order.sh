#!/bin/sh
# Guess: where a WebSocket endpoint raises, the client gets 500 for the handshake, or an abnormal end (1006 or 1011)
#   once it was accepted.
# What happens: granian sends 403 and, once accepted, a close frame without a code: 1005, which the websockets client
#   takes for an orderly end (ConnectionClosedOK).
# Seen with: granian 2.8.9, hypercorn 0.18.0, uvicorn 0.54.0, websockets 17.4
# Why it matters: `async for message in websocket` ends without an error there, so a test or a client that reads to
#   the end takes a failed endpoint for a finished one, and a refusal (403) cannot be told from a fault.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq granian==2.8.9 hypercorn==0.18.0 uvicorn==0.54.0 websockets==17.4 starlette==1.10.0
cd "$folder"
cat > app.py <<'END'
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute


async def fail(websocket):
    if websocket.path_params["when"] == "late":
        await websocket.accept()
    raise RuntimeError("broken")


app = Starlette(routes=[WebSocketRoute("/{when}", fail)])
END
cat > program.py <<'END'
import sys

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import unix_connect

for when in ("early", "late"):
    try:
        with unix_connect(sys.argv[1], uri=f"ws://app/{when}") as websocket:
            websocket.recv()
    except InvalidStatus as refused:
        print(sys.argv[1], when, refused.response.status_code)
    except ConnectionClosed as closed:
        print(sys.argv[1], when, type(closed).__name__, websocket.close_code)
END
for command in 'granian --interface asgi --uds granian' 'hypercorn --bind unix:hypercorn' 'uvicorn --uds uvicorn'; do
    name=${command%% *}
    venv/bin/$command app:app > log 2>&1 &
    for _ in 1 2 3 4 5 6 7 8 9; do [ -S "$name" ] || sleep 1; done; sleep 1
    venv/bin/python program.py "$name" || true
    kill $!
done > seen
cat > expected <<'END'
granian early 403
granian late ConnectionClosedOK 1005
hypercorn early 500
hypercorn late ConnectionClosedError 1011
uvicorn early 500
uvicorn late ConnectionClosedError 1006
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
