#!/bin/sh
# Guess: uvicorn tells an app the same of a request whether it reads HTTP by httptools or, where that is not installed, by
#   h11; the two differ in speed.
# What happens: by h11, the target that a client sends to a proxy is the path; white space behind a header's value is gone
#   (by httptools it is part of the value); and a response with white space around a header's value is not sent: the
#   connection is closed without an answer.
# Seen with: uvicorn 0.54.0, h11 0.16.0, httptools 0.9.0
# Why it matters: tests with httptools are green for an app that is deployed as `pip install uvicorn` and answers such a
#   header with nothing.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq uvicorn==0.54.0 h11==0.16.0 httptools==0.9.0
cd "$folder"
cat > program.py <<'END'
import asyncio
import socket

import uvicorn


async def app(scope, receive, send):
    headers = dict(scope["headers"])
    answer = b" padded " if scope["path"].endswith("padded") else b"plain"
    body = f"{scope['path']} {headers.get(b'x-note')}".encode()
    start = {"type": "http.response.start", "status": 200, "headers": [(b"x-answer", answer)]}
    await send(start)
    await send({"type": "http.response.body", "body": body})


async def ask(port, target):
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(f"GET {target} HTTP/1.1\r\nHost: shop.example\r\nX-Note: a  \r\nConnection: close\r\n\r\n".encode())
    answer = await asyncio.wait_for(reader.read(), 10)
    writer.close()
    if not answer:
        return "no answer"
    head, _, body = answer.partition(b"\r\n\r\n")
    lines = (line for line in head.split(b"\r\n") if line.startswith(b"x-answer"))
    chunk = body.split(b"\r\n")[1]
    return next(lines), chunk.decode()


async def main():
    for http in ("httptools", "h11"):
        with socket.create_server(("127.0.0.1", 0)) as listener:
            server = uvicorn.Server(uvicorn.Config(app, http=http, lifespan="off", log_level="critical"))
            serving = asyncio.create_task(server.serve([listener]))
            for target in ("/items", "http://shop.example/items", "/padded"):
                print(http, target, await ask(listener.getsockname()[1], target))
            server.should_exit = True
            await serving


asyncio.run(main())
END
venv/bin/python program.py > seen
cat > expected <<'END'
httptools /items (b'x-answer: plain', "/items b'a  '")
httptools http://shop.example/items (b'x-answer: plain', "/items b'a  '")
httptools /padded (b'x-answer:  padded ', "/padded b'a  '")
h11 /items (b'x-answer: plain', "/items b'a'")
h11 http://shop.example/items (b'x-answer: plain', "http://shop.example/items b'a'")
h11 /padded no answer
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
