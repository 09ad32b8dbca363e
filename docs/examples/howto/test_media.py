"""Streams, and clients that go away."""

import asyncio
from collections.abc import AsyncIterator

from fastapi_testing import AsyncServerTestCase

from media import app


class MediaTests(AsyncServerTestCase):
    """Streams of every kind, whole and cut short."""

    app = app

    async def wait_for_listeners(self, number: int) -> None:
        """Wait until the app has as many listeners, for five seconds at most."""
        async with asyncio.timeout(5), app.state.news:
            await app.state.news.wait_for(lambda: app.state.listeners == number)

    async def test_read_some(self) -> None:
        """The beginning of an endless download is as it should be; then the client goes away."""
        async with self.client.stream("GET", "/radio") as response:
            self.assertContentType(response, "audio/basic")
            async for chunk in response.aiter_bytes(1024):
                self.assertEqual(chunk, b"\x7f\x80" * 512)
                break
            self.assertEqual(app.state.listeners, 1)
        await self.wait_for_listeners(0)

    async def test_events(self) -> None:
        """Two songs are told of; then the client goes away."""
        async with self.client.sse("/songs") as events:
            first = await events.next()
            self.assertEvent(first, event="song", data={"song": 1})
            await self.assertEvents(events, [{"event": "song", "data": {"song": 2}}])
        await self.wait_for_listeners(0)

    async def test_reconnect(self) -> None:
        """A client that connects again misses nothing, and hears nothing twice."""
        async with self.client.sse("/songs") as events:
            await events.next()
            await events.reconnect()
            await self.assertEvents(events, [{"id": "2"}, {"id": "3"}])

    async def test_range(self) -> None:
        """A part of a file can be had."""
        response = await self.client.get("/source", headers={"Range": "bytes=3-11"})
        self.assertStatus(response, 206)
        self.assertContains(response, "A library")

    async def test_upload(self) -> None:
        """A recording is uploaded as a browser uploads it."""
        response = await self.client.post("/recordings", files={"recording": ("talk.au", b"\x7f" * 8000)})
        self.assertJsonEqual(response, {"name": "talk.au", "bytes": 8000})

    async def test_upload_in_chunks(self) -> None:
        """A broadcast is sent as it is made."""

        async def broadcast() -> AsyncIterator[bytes]:
            yield b"\x7f" * 1000
            await self.wait_for_listeners(1)
            yield b"\x80" * 1000

        response = await self.client.post("/live", content=broadcast())
        self.assertJsonEqual(response, {"bytes": 2000})

    async def test_upload_cut_short(self) -> None:
        """A broadcast that breaks off is one that the app sees end."""

        async def broadcast() -> AsyncIterator[bytes]:
            yield b"\x7f" * 1000
            await self.wait_for_listeners(1)
            raise ConnectionAbortedError

        with self.assertRaises(ConnectionAbortedError):
            await self.client.post("/live", content=broadcast())
        await self.wait_for_listeners(0)
