#!/bin/sh
# Guess: headers given to websocket.accept(), such as a cookie, are on the handshake's response, whatever the server.
# What happens: granian and daphne leave them out, and accept() raises nothing. uvicorn and hypercorn send them.
# Seen with: granian 2.8.9, daphne 4.2.3, hypercorn 0.18.0, uvicorn 0.54.0, starlette 1.10.0, websockets 17.4
# Why it matters: a session cookie set at the handshake reaches the client in a test on uvicorn and never in
#   production on granian; the next request is one of a stranger.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq granian==2.8.9 daphne==4.2.3 hypercorn==0.18.0 uvicorn==0.54.0 \
    starlette==1.10.0 websockets==17.4
cd "$folder"
cat > app.py <<'END'
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute


async def greet(websocket):
    await websocket.accept("chat", headers=[(b"set-cookie", b"session=1"), (b"x-room", b"blue")])
    await websocket.receive()


app = Starlette(routes=[WebSocketRoute("/", greet)])
END
cat > program.py <<'END'
import sys

from websockets.sync.client import unix_connect

with unix_connect(sys.argv[1], uri="ws://app/", subprotocols=["chat"]) as websocket:
    headers = websocket.response.headers
    print(sys.argv[1], websocket.subprotocol, headers.get("set-cookie"), headers.get("x-room"))
END
for command in 'granian --interface asgi --uds granian' 'daphne -u daphne' \
    'hypercorn --bind unix:hypercorn' 'uvicorn --uds uvicorn'; do
    name=${command%% *}
    venv/bin/$command app:app > log 2>&1 &
    for _ in 1 2 3 4 5 6 7 8 9; do [ -S "$name" ] || sleep 1; done; sleep 1
    venv/bin/python program.py "$name" || true
    kill $!
done > seen
cat > expected <<'END'
granian chat None None
daphne chat None None
hypercorn chat session=1 blue
uvicorn chat session=1 blue
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
