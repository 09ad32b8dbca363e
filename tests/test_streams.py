"""Streams and disconnects, on what FastAPI and Starlette have for them: both ways, whole and cut short."""

import asyncio
import re
import tempfile
from collections.abc import AsyncIterator
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from fastapi import FastAPI, Request, Response, UploadFile
from fastapi.responses import FileResponse, StreamingResponse
from starlette.requests import ClientDisconnect

from fastapi_testing import AsyncServerTestCase
from tests.resources import collected_in_silence

CHUNK = b"0123456789abcdef" * 4096
"""64 KiB: what a socket takes at once is less than sixteen of them."""


class Streams:
    """An app that streams, and says what becomes of it."""

    def __init__(self, folder: Path) -> None:
        self.seen: asyncio.Queue[str] = asyncio.Queue()
        self.file = folder / "letters.txt"
        self.file.write_bytes(b"abcdefghijklmnopqrstuvwxyz")

    def serve(self, app: FastAPI) -> None:
        """Add the routes."""
        app.add_api_route("/download", self.download)
        app.add_api_route("/letters", self.letters)
        app.add_api_route("/upload", self.upload, methods=["POST"])
        app.add_api_route("/body", self.body, methods=["POST"])
        add_prices(app, self.seen)

    async def download(self, chunks: int | None = None) -> Response:
        """Stream chunks: as many as asked for, or without end."""

        async def content() -> AsyncIterator[bytes]:
            try:
                sent = 0
                while chunks is None or sent < chunks:
                    yield CHUNK
                    sent += 1
                    await asyncio.sleep(0)  # once the client is gone, sending takes no time, and stops nothing
            finally:
                self.seen.put_nowait("left" if chunks is None else "sent")

        return StreamingResponse(content(), media_type="application/octet-stream")

    async def letters(self) -> Response:
        """Send a file."""
        return FileResponse(self.file)

    async def upload(self, file: UploadFile) -> dict[str, Any]:
        """Take a file."""
        self.seen.put_nowait("uploaded")
        return {"name": file.filename, "type": file.content_type, "size": len(await file.read())}

    async def body(self, request: Request) -> dict[str, int]:
        """Take a body as it comes."""
        size = 0
        try:
            async for chunk in request.stream():
                self.seen.put_nowait("chunk")
                size += len(chunk)
        except ClientDisconnect:
            self.seen.put_nowait("left")
            raise
        return {"size": size}


def add_prices(app: FastAPI, seen: asyncio.Queue[str]) -> None:
    """Add a stream of events without end: FastAPI's own where this release has it, else one made by hand."""
    if find_spec("fastapi.sse"):
        sse = import_module("fastapi.sse")

        @app.get("/prices", response_class=sse.EventSourceResponse)
        async def prices() -> AsyncIterator[Any]:
            async for number in count_to_three(seen):
                yield sse.ServerSentEvent(data={"price": number}, event="price", id=str(number))

    else:  # pragma: no cover - the oldest releases that are supported

        @app.get("/prices")
        async def prices_by_hand() -> Response:
            async def events() -> AsyncIterator[str]:
                async for number in count_to_three(seen):
                    yield f'event: price\nid: {number}\ndata: {{"price": {number}}}\n\n'

            return StreamingResponse(events(), media_type="text/event-stream")


async def count_to_three(seen: asyncio.Queue[str]) -> AsyncIterator[int]:
    """Count, wait for what never comes, and say when no one listens any more."""
    try:
        for number in (1, 2, 3):
            yield number
        await asyncio.get_running_loop().create_future()
    finally:
        seen.put_nowait("left")


class StreamTestCase(AsyncServerTestCase):
    """Serves the streams, to each test its own."""

    server_scope = "test"

    async def asyncSetUp(self) -> None:
        """Add the routes to the app."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.streams = Streams(Path(folder))
        self.streams.serve(self.app)

    async def assertSeen(self, *expected: str) -> None:
        """Fail unless the app sees this happen next."""
        for what in expected:
            async with asyncio.timeout(5):
                self.assertEqual(await self.streams.seen.get(), what)


class DownloadTests(StreamTestCase):
    """StreamingResponse."""

    async def test_whole(self) -> None:
        """A streamed download comes whole."""
        response = await self.client.get("/download", params={"chunks": 40})
        self.assertStatus(response, 200)
        self.assertEqual(response.content, CHUNK * 40)
        await self.assertSeen("sent")

    async def test_by_chunks(self) -> None:
        """A download is read as it comes, and its head looked at before."""
        async with self.client.stream("GET", "/download", params={"chunks": 40}) as response:
            self.assertContentType(response, "application/octet-stream")
            self.assertNoHeader(response, "Content-Length")
            size = sum([len(chunk) async for chunk in response.aiter_bytes()])
        self.assertEqual(size, len(CHUNK) * 40)

    async def test_go_away(self) -> None:
        """A client that goes away in the middle of an endless download is a disconnect to the app."""
        async with self.client.stream("GET", "/download") as response:
            async for _ in response.aiter_bytes(1000):  # pragma: no branch - it has no end
                break
        await self.assertSeen("left")

    async def test_go_away_unread(self) -> None:
        """So is one that reads nothing at all, while the app is held back in its sending."""
        async with self.client.stream("GET", "/download"):
            pass
        await self.assertSeen("left")

    async def test_next_request(self) -> None:
        """After it has gone away, the client goes on with another connection."""
        async with self.client.stream("GET", "/download"):
            pass
        self.assertStatus(await self.client.get("/letters"), 200)


class EventSourceTests(StreamTestCase):
    """EventSourceResponse."""

    async def test_events(self) -> None:
        """The beginning of an endless stream is looked at; leaving it is a disconnect to the app."""
        async with self.client.sse("/prices") as events:
            await self.assertEvents(
                events, [{"event": "price", "id": "1", "data": {"price": 1}}, {"data": {"price": 2}}]
            )
            self.assertEvent(await events.next(), {"price": 3}, id="3")
        await self.assertSeen("left")


class FileTests(StreamTestCase):
    """FileResponse."""

    async def test_whole(self) -> None:
        """A file comes whole, with its type, its length and its tag."""
        response = await self.client.get("/letters")
        self.assertEqual(response.content, b"abcdefghijklmnopqrstuvwxyz")
        self.assertContentType(response, "text/plain; charset=utf-8")
        self.assertHeader(response, "Content-Length", "26")
        self.assertHeader(response, "ETag")

    async def test_range(self) -> None:
        """A range of it comes as partial content (RFC 9110 §14)."""
        response = await self.client.get("/letters", headers={"Range": "bytes=2-4"})
        self.assertStatus(response, 206)
        self.assertHeader(response, "Content-Range", "bytes 2-4/26")
        self.assertEqual(response.content, b"cde")

    async def test_no_such_range(self) -> None:
        """A range behind the end cannot be had."""
        response = await self.client.get("/letters", headers={"Range": "bytes=26-"})
        self.assertStatus(response, 416)
        self.assertHeader(response, "Content-Range", re.compile(r"\*/26$"))

    async def test_resume(self) -> None:
        """A download that was cut off goes on where it was, as long as the file is the same."""
        head = await self.client.get("/letters")
        headers = {"Range": "bytes=20-", "If-Range": head.headers["ETag"]}
        self.assertEqual((await self.client.get("/letters", headers=headers)).content, b"uvwxyz")
        headers["If-Range"] = '"another"'
        self.assertStatus(await self.client.get("/letters", headers=headers), 200)


class UploadTests(StreamTestCase):
    """UploadFile, and bodies that are streamed."""

    @classmethod
    def setUpClass(cls) -> None:
        """Of a form that breaks off, Starlette leaves the files open."""
        cls.enterClassContext(collected_in_silence(tempfile.SpooledTemporaryFile))
        super().setUpClass()

    async def test_file(self) -> None:
        """A file is uploaded, with its name and its type."""
        response = await self.client.post("/upload", files={"file": ("a.bin", CHUNK * 20, "image/png")})
        self.assertJsonEqual(response, {"name": "a.bin", "type": "image/png", "size": len(CHUNK) * 20})

    async def test_streamed(self) -> None:
        """A body is sent as it is made: the app has the beginning before there is an end."""

        async def content() -> AsyncIterator[bytes]:
            yield CHUNK
            await self.assertSeen("chunk")
            yield CHUNK

        response = await self.client.post("/body", content=content())
        self.assertJsonEqual(response, {"size": len(CHUNK) * 2})

    async def go_away(self, path: str, headers: dict[str, str], beginning: bytes) -> None:
        """Begin a request, and go away in the middle of its body."""
        sent = asyncio.Event()

        async def content() -> AsyncIterator[bytes]:
            yield beginning
            sent.set()
            await asyncio.get_running_loop().create_future()

        request = asyncio.create_task(self.client.post(path, headers=headers, content=content()))
        await sent.wait()
        if path == "/body":
            await self.assertSeen("chunk")
        request.cancel()
        await asyncio.wait({request})
        self.assertTrue(request.cancelled())

    async def test_go_away(self) -> None:
        """A client that goes away in the middle of a body is a disconnect to the app."""
        await self.go_away("/body", {"Content-Length": "1000"}, b"the beginning")
        await self.assertSeen("left")

    async def test_go_away_in_chunks(self) -> None:
        """So is one whose body has no length."""
        await self.go_away("/body", {}, b"the beginning")
        await self.assertSeen("left")

    async def test_go_away_in_form(self) -> None:
        """A form that breaks off never reaches the handler, and the server goes on."""
        part = b'--x\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\nbeginning'
        await self.go_away("/upload", {"Content-Type": "multipart/form-data; boundary=x"}, part)
        response = await self.client.post("/upload", files={"file": ("b", b"whole")})
        self.assertJsonContains(response, {"name": "b", "size": 5})
        await self.assertSeen("uploaded")
        self.assertTrue(self.streams.seen.empty())

    async def test_broken_body(self) -> None:
        """A body whose making fails is the test's own exception, and a disconnect to the app."""

        async def content() -> AsyncIterator[bytes]:
            yield CHUNK
            raise ZeroDivisionError

        with self.assertRaises(ZeroDivisionError):
            await self.client.post("/body", content=content(), headers={"Content-Length": str(len(CHUNK) * 2)})
