"""A Redis of the tests' own."""

import asyncio
import shutil
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

EXECUTABLE = shutil.which("redis-server")


@asynccontextmanager
async def run_redis() -> AsyncIterator[str]:
    """Run a redis-server on a socket in a temporary folder; give the path of the socket."""
    with tempfile.TemporaryDirectory() as folder:
        socket = Path(folder, "redis.sock")
        options = ["--port", "0", "--unixsocket", str(socket), "--save", "", "--dir", folder]
        process = await asyncio.create_subprocess_exec(
            EXECUTABLE or "redis-server", *options, stdout=asyncio.subprocess.PIPE
        )
        try:
            await wait_until_ready(process)
            yield str(socket)
        finally:
            process.terminate()
            await process.communicate()


async def wait_until_ready(process: asyncio.subprocess.Process) -> None:
    """Read what the server prints until it says that it is ready."""
    assert process.stdout is not None  # noqa: S101 - it is a pipe
    printed = ""
    async with asyncio.timeout(10):
        async for line in process.stdout:
            printed += line.decode()
            if b"ready to accept connections" in line.lower():
                return
    raise RuntimeError(f"redis-server does not start: {printed}")
