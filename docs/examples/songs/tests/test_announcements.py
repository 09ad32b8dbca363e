"""The announcements over a WebSocket."""

from tests.case import SongsTestCase

SKA = {"title": "Plum Tree", "artist": "The Nobodies", "genre": "ska", "year": 2024, "duration": 187}
FADO = {"title": "Old Stairs", "artist": "Amélia Nunca", "genre": "fado", "year": 1961, "duration": 204}
LISTENING = {"event": "listening"}


class AnnouncementTests(SongsTestCase):
    """Each test opens its own WebSockets; they are closed when it ends."""

    async def test_new_song(self) -> None:
        """A listener hears of a new song, as the one who sent it does."""
        async with self.ws.connect("/announcements") as listener:
            await self.assertWebSocketReceives(listener, LISTENING)
            response = await self.client.post("/songs", json=SKA)
            await self.assertWebSocketReceives(listener, {"event": "song", "song": response.json()})

    async def test_everybody_hears(self) -> None:
        """All listeners hear of the same song."""
        async with self.ws.connect("/announcements") as one, self.ws.connect("/announcements") as two:
            await self.assertWebSocketReceives(one, LISTENING)
            await self.assertWebSocketReceives(two, LISTENING)
            await self.client.post("/songs", json=SKA)
            self.assertEqual(await one.receive_json(), await two.receive_json())

    async def test_one_genre(self) -> None:
        """Who listens to one genre does not hear of the others."""
        async with self.ws.connect("/announcements?genre=fado") as listener:
            await self.assertWebSocketReceives(listener, LISTENING)
            await self.client.post("/songs", json=SKA)
            fado = await self.client.post("/songs", json=FADO)
            await self.assertWebSocketReceives(listener, {"event": "song", "song": fado.json()})

    async def test_gone_listener(self) -> None:
        """Who goes is no trouble to those who stay."""
        async with self.ws.connect("/announcements") as staying:
            await self.assertWebSocketReceives(staying, LISTENING)
            async with self.ws.connect("/announcements") as leaving:
                await self.assertWebSocketReceives(leaving, LISTENING)
            response = await self.client.post("/songs", json=SKA)
            await self.assertWebSocketReceives(staying, {"event": "song", "song": response.json()})

    async def test_listener_that_talks(self) -> None:
        """A listener that sends something is shown the door."""
        async with self.ws.connect("/announcements") as listener:
            await self.assertWebSocketReceives(listener, LISTENING)
            await listener.send_text("I sing, too!")
            await self.assertWebSocketClosed(listener, 1008, "listeners only listen")

    async def test_refused(self) -> None:
        """A genre without a name is refused before the WebSocket opens."""
        await self.assertWebSocketRejected("/announcements?genre=", 403)
