"""Rooms of a chat: who is in them, who may be, and who leaves."""

from fastapi_testing import AsyncServerTestCase, WebSocketSession

from rooms import app, get_user, rooms


class RoomsTestCase(AsyncServerTestCase):
    """Knows how to enter a room."""

    app = app

    async def enter(self, room: str, user: str) -> WebSocketSession:
        """Enter a room, and wait until the app has taken note of it; the test leaves it at its end."""
        session = await self.enterAsyncContext(self.ws.connect(f"/rooms/{room}", params={"token": f"token-of-{user}"}))
        await self.assertWebSocketReceives(session, {"came": user})
        return session


class RoomTests(RoomsTestCase):
    """Who hears what."""

    async def test_everybody_hears(self) -> None:
        """What one says, all in the room hear, the speaker too."""
        ann = await self.enter("lobby", "ann")
        bob = await self.enter("lobby", "bob")
        await self.assertWebSocketReceives(ann, {"came": "bob"})
        await ann.send_text("hello")
        for session in (ann, bob):
            await self.assertWebSocketReceives(session, {"user": "ann", "said": "hello"})

    async def test_other_room(self) -> None:
        """Nobody hears what is said next door: the next thing there is what is said there."""
        ann = await self.enter("lobby", "ann")
        eve = await self.enter("kitchen", "eve")
        await ann.send_text("eve need not know")
        await self.assertWebSocketReceives(ann, {"user": "ann", "said": "eve need not know"})
        await eve.send_text("what did they say?")
        await self.assertWebSocketReceives(eve, {"user": "eve", "said": "what did they say?"})


class UserTests(RoomsTestCase):
    """Who may come in."""

    async def test_no_token(self) -> None:
        """Without a token, the handshake is refused."""
        await self.assertWebSocketRejected("/rooms/lobby", 403)

    async def test_overridden(self) -> None:
        """A WebSocket's dependencies are overridden as a request's are."""
        self.override_dependency(get_user, value="carol")
        async with self.ws.connect("/rooms/lobby") as session:
            await self.assertWebSocketReceives(session, {"came": "carol"})


class LeaveTests(RoomsTestCase):
    """Who goes, and how."""

    async def test_goodbye(self) -> None:
        """Who closes the WebSocket has left, and the others hear of it."""
        ann = await self.enter("lobby", "ann")
        bob = await self.enter("lobby", "bob")
        await bob.close()
        await self.assertWebSocketReceives(ann, {"came": "bob"})
        await self.assertWebSocketReceives(ann, {"left": "bob"})

    async def test_cable_pulled(self) -> None:
        """Whose connection breaks has left as well, without a word."""
        ann = await self.enter("lobby", "ann")
        bob = await self.enter("lobby", "bob")
        bob.transport.abort()
        await self.assertWebSocketReceives(ann, {"came": "bob"})
        await self.assertWebSocketReceives(ann, {"left": "bob"})

    async def test_last_one(self) -> None:
        """Nobody is told when the last one goes, so the test looks at the app until it has noticed."""
        ann = await self.enter("lobby", "ann")
        await ann.close()
        await self.assertEventually(lambda: not rooms["lobby"])
