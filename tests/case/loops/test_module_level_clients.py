"""An app whose clients are made at the top of a module, and what a run of several modules has of them."""

import sys
import tempfile
import textwrap
import unittest
from pathlib import Path

from tests.processes import run_python, side_by_side

SHOP = '''
import asyncio
import socketserver
import threading

import httpx
from fastapi import FastAPI


class Stock(socketserver.StreamRequestHandler):
    """Answers each head of a request, or line, of a connection that goes on."""

    def handle(self):
        while line := self.rfile.readline():
            if line == b"ping\\n":
                self.wfile.write(b"pong\\n")
            elif line == b"\\r\\n":
                self.wfile.write(b"HTTP/1.1 200 OK\\r\\nContent-Length: 3\\r\\n\\r\\n200")


stock = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Stock)
stock.daemon_threads = True
threading.Thread(target=stock.serve_forever, daemon=True).start()
host, port = stock.server_address


class Pool:
    """As a driver of a database has it."""

    idle = None

    def __init__(self):
        self.lock = asyncio.Lock()

    async def ping(self):
        async with self.lock:
            if self.idle is None:
                self.idle = await asyncio.open_connection(host, port)
            reader, writer = self.idle
            writer.write(b"ping\\n")
            return (await reader.readline()).decode().strip()

    def __del__(self):
        import warnings

        warnings.warn("unclosed pool", ResourceWarning)


async def numbers():
    try:
        yield 1
    finally:
        await asyncio.sleep(0)


pool = Pool()
prices = httpx.AsyncClient(base_url=f"http://{host}:{port}", trust_env=False)
app = FastAPI()
held = []


@app.get("/stock")
async def get_stock():
    if not held:
        held.append(numbers())
        held.append(await asyncio.start_server(lambda reader, writer: None, "127.0.0.1", 0))
        await anext(held[0])
    both = await asyncio.gather(pool.ping(), pool.ping())
    return [*both, (await prices.get("/")).text, await asyncio.to_thread(str, 1)]
'''

TESTS = """
import asyncio
import sys
import unittest

from fastapi_testing import AsyncServerTestCase

import shop


class Case(AsyncServerTestCase):
    app = shop.app
    loop_factory = {factory}
    loop_scope = "run"

    async def test_stock(self):
        response = await self.client.get("/stock")
        self.assertJsonEqual(response, ["pong", "pong", "200", "1"])


class SecondCase(Case):
    pass


class ThirdCase(Case):
    pass


class FourthCase(Case):
    pass
"""

DEFAULT, UVLOOP = "None", "__import__('uvloop').new_event_loop"

RUNNERS = {
    "unittest": ["-W", "error", "-m", "unittest"],
    "pytest": ["-W", "error", "-m", "pytest", "-q", "-p", "no:cacheprovider"],
    "stestr": ["-m", "stestr", "--test-path", ".", "run", "--serial"],  # which leaves a file open itself
}

RUNS = [(runner, DEFAULT) for runner in RUNNERS] + [("unittest", UVLOOP)] * (sys.platform != "win32")


class ModuleLevelClientTests(unittest.TestCase):
    """Twenty classes over five modules."""

    def run_suite(self, runner: str, factory: str) -> tuple[int, str]:
        """Run the suite; return the exit code and what it printed."""
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "shop.py").write_text(SHOP, "utf-8")
            for number in range(5):
                text = textwrap.dedent(TESTS.format(factory=factory))
                Path(folder, f"test_{number}.py").write_text(text, "utf-8")
            run = run_python(*RUNNERS[runner], folder=Path(folder))
        return run.returncode, run.stdout

    def test_every_runner(self) -> None:
        """A pool, a client and a lock of the module serve all classes, and nothing is said of them in the end."""
        ended = side_by_side(lambda run: self.run_suite(*run), RUNS)
        for (runner, factory), (code, printed) in zip(RUNS, ended, strict=True):
            with self.subTest(runner=runner, factory=factory):
                self.assertEqual(code, 0, printed)
                self.assertRegex(printed, r"Ran:? 20 tests|20 passed")
                self.assertNotRegex(printed, "unclosed|destroyed|never|closed loop|Event loop is closed")
