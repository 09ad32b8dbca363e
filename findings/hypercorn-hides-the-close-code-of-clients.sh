#!/bin/sh
# Guess: an app learns the code and the reason with which a client closed its WebSocket, whatever the server.
# What happens: with hypercorn each client is gone with 1006 and no reason, closed in order (1000) or with a code of
#   its own. granian hands on the code alone.
# Seen with: hypercorn 0.18.0, granian 2.8.9, uvicorn 0.54.0, websockets 17.4
# Why it matters: code that branches on WebSocketDisconnect.code (log out on 4001, keep the session on 1001) is tested
#   on one server and takes the other branch on the next.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq granian==2.8.9 hypercorn==0.18.0 uvicorn==0.54.0 websockets==17.4 starlette==1.10.0
cd "$folder"
cat > app.py <<'END'
from starlette.applications import Starlette
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocketDisconnect


async def listen(websocket):
    await websocket.accept()
    try:
        await websocket.receive_text()
    except WebSocketDisconnect as gone:
        print("the app has", int(gone.code), repr(gone.reason), file=open("gone", "w"), flush=True)


app = Starlette(routes=[WebSocketRoute("/", listen)])
END
cat > program.py <<'END'
import sys
import time
from pathlib import Path

from websockets.sync.client import unix_connect

for code, reason in ((1000, ""), (4001, "log out")):
    with unix_connect(sys.argv[1], uri="ws://app/") as websocket:
        websocket.close(code, reason)
    time.sleep(1)
    print(sys.argv[1], code, repr(reason), Path("gone").read_text().strip())
END
for command in 'granian --interface asgi --uds granian' 'hypercorn --bind unix:hypercorn' 'uvicorn --uds uvicorn'; do
    name=${command%% *}
    venv/bin/$command app:app > log 2>&1 &
    for _ in 1 2 3 4 5 6 7 8 9; do [ -S "$name" ] || sleep 1; done; sleep 1
    venv/bin/python program.py "$name" || true
    kill $!
done > seen
cat > expected <<'END'
granian 1000 '' the app has 1000 ''
granian 4001 'log out' the app has 4001 ''
hypercorn 1000 '' the app has 1006 ''
hypercorn 4001 'log out' the app has 1006 ''
uvicorn 1000 '' the app has 1000 ''
uvicorn 4001 'log out' the app has 4001 'log out'
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
