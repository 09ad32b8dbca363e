#!/bin/sh
# Guess: where ApplicationCommunicator.receive_output() times out, the app is still there: the test can go on, as
#   after receive_nothing().
# What happens: the app is cancelled. What the test calls next raises CancelledError, which is no Exception;
#   receive_nothing() leaves the app running.
# Seen with: asgiref 3.13.0, on Python 3.11 and 3.13
# Why it matters: 'nothing was sent yet, now send something' written with assertRaises(TimeoutError) tests a dead app,
#   and CancelledError passes through `except Exception`.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq asgiref==3.13.0
cd "$folder"
cat > program.py <<'END'
import asyncio

from asgiref.testing import ApplicationCommunicator


async def echo(scope, receive, send):
    try:
        while True:
            await send({"type": "websocket.send", "text": (await receive())["text"]})
    except asyncio.CancelledError:
        print("the app is cancelled")
        raise


async def main():
    message = {"type": "websocket.receive", "text": "hello"}
    app = ApplicationCommunicator(echo, {"type": "websocket"})
    print("receive_nothing:", await app.receive_nothing(0.05))
    await app.send_input(message)
    print("then:", (await app.receive_output())["text"])
    try:
        await app.receive_output(0.05)
    except asyncio.TimeoutError:
        print("receive_output: TimeoutError")
    try:
        await app.send_input(message)
    except asyncio.CancelledError:
        print("then: CancelledError")


asyncio.run(main())
END
venv/bin/python program.py > seen
cat > expected <<'END'
receive_nothing: True
then: hello
the app is cancelled
receive_output: TimeoutError
then: CancelledError
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
