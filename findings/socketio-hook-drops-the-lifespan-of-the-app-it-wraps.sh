#!/bin/sh
# Guess: socketio.ASGIApp(server, app, on_startup=hook) calls the hook and runs the lifespan of the FastAPI app that
#   it wraps.
# What happens: the wrapped app's lifespan is run only where no hook is given. With on_startup or on_shutdown it is
#   left out, and startup.complete is sent all the same.
# Seen with: python-socketio 5.18.1, python-engineio 4.15.1, FastAPI 0.165.0
# Why it matters: pools are not opened and tables not made, without a word; a test of the bare FastAPI app has its
#   lifespan and stays green.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq python-socketio==5.18.1 python-engineio==4.15.1 fastapi==0.165.0
cd "$folder"
cat > program.py <<'END'
import asyncio
from contextlib import asynccontextmanager

import socketio
from fastapi import FastAPI


async def serve(**hooks):
    log = []

    @asynccontextmanager
    async def lifespan(app):
        log.append("app starts")
        yield
        log.append("app stops")

    async def send(message):
        log.append(message["type"])

    messages = asyncio.Queue()
    messages.put_nowait({"type": "lifespan.startup"})
    messages.put_nowait({"type": "lifespan.shutdown"})
    wrapped = socketio.ASGIApp(socketio.AsyncServer(async_mode="asgi"), FastAPI(lifespan=lifespan), **hooks)
    await wrapped({"type": "lifespan", "asgi": {"version": "3.0"}, "state": {}}, messages.get, send)
    print(sorted(hooks), log)


asyncio.run(serve())
asyncio.run(serve(on_startup=lambda: None))
asyncio.run(serve(on_shutdown=lambda: None))
END
venv/bin/python program.py > seen
cat > expected <<'END'
[] ['app starts', 'lifespan.startup.complete', 'app stops', 'lifespan.shutdown.complete']
['on_startup'] ['lifespan.startup.complete', 'lifespan.shutdown.complete']
['on_shutdown'] ['lifespan.startup.complete', 'lifespan.shutdown.complete']
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
