"""Plain tests."""

from fastapi_testing import ServerTestCase

from counter import Counter, get_step


class CounterTests(ServerTestCase):
    """What counts."""

    app = "counter:app"

    def test_count(self) -> None:
        """A request is answered when the method returns."""
        first = self.client.post("/count")
        second = self.client.post("/count")
        self.assertStatus(second, 200)
        self.assertEqual(second.json(), first.json() + 1)

    def test_step(self) -> None:
        """A dependency is overridden for the test."""
        self.override_dependency(get_step, value=0)
        self.assertEqual(self.client.post("/count").json(), self.client.post("/count").json())


class ChatTests(ServerTestCase):
    """What is said."""

    app = "chat:app"

    def test_talk(self) -> None:
        """Every method of a session waits, and every wait has an end."""
        with self.ws.connect("/rooms/lobby") as chat:
            chat.send_text("hello")
            self.assertWebSocketReceives(chat, {"room": "lobby", "name": "nobody", "said": "hello"})
            chat.send_text("bye")
            self.assertWebSocketClosed(chat, 4000, "bye, nobody")

    def test_reject(self) -> None:
        """A handshake that has more to say than its path is given as a function."""
        self.assertWebSocketRejected("/rooms/attic", 403)
        self.assertWebSocketRejected(lambda: self.ws.connect("/rooms/attic", headers={"X-Name": "Ada"}), 403)


async def read(counter: Counter) -> int:
    """Read the value, as code of the app would that is asynchronous."""
    return counter.value


class RunAsyncTests(ServerTestCase):
    """What is asynchronous in plain tests."""

    app = "counter:app"

    def test_value(self) -> None:
        """A coroutine runs on the event loop of the server, where the app's pools and engines are at home."""
        self.client.post("/count")
        self.assertEqual(self.run_async(read(self.server.state["counter"])), 1)
