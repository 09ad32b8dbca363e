#!/bin/sh
# Guess: what a transport of uvloop's gives for its socket, by get_extra_info("socket"), can do what that of asyncio's
#   transports can: all but what would read, write or close behind the transport's back.
# What happens: shutdown() is a TypeError, also once the transport is closed. asyncio's shuts the connection down, and is an
#   OSError where that is closed. The work goes through a second socket of the same descriptor: socket.fromfd().
# Seen with: uvloop 0.23.0, on Python 3.11 and 3.13
# Why it matters: code that ends a connection by its socket, to wake what reads from it or to have a pool see that it is
#   over, passes all tests on asyncio and fails in production, where uvicorn[standard] brings uvloop. What
#   is prepared for OSError, as connections go at any time, is not for TypeError.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq uvloop==0.23.0
cd "$folder"
cat > connection.py <<'END'
import asyncio
import socket

import uvloop


async def main():
    async def serve(reader, writer):
        await reader.read()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())

    def shut_down():
        try:
            writer.get_extra_info("socket").shutdown(socket.SHUT_RDWR)
        except Exception as exc:
            return type(exc).__name__
        return "done"

    print("open:", shut_down())
    writer.close()
    try:
        await writer.wait_closed()
    except OSError:
        pass
    print("closed:", shut_down())
    server.close()


for factory in (asyncio.new_event_loop, uvloop.new_event_loop):
    with asyncio.Runner(loop_factory=factory) as runner:
        print(factory.__module__.partition(".")[0])
        runner.run(main())
END
venv/bin/python connection.py > seen
cat > expected <<'END'
asyncio
open: done
closed: OSError
uvloop
open: TypeError
closed: TypeError
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
