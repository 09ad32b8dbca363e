"""What an app does before its first request, and after its last."""

from fastapi import FastAPI
from fastapi_testing import AsyncServerTestCase, Server, ServerShutdownError, ServerStartupError

from greenhouse import Device, create_app


class RunningTests(AsyncServerTestCase):
    """The lifespan has started when the tests run."""

    @classmethod
    async def create_app(cls) -> FastAPI:
        return create_app(Device("pump"), Device("lamp"))

    async def test_devices(self) -> None:
        """Requests see what the lifespan has made."""
        self.assertJsonEqual(await self.client.get("/devices"), ["pump", "lamp"])

    async def test_state(self) -> None:
        """So does a test."""
        pump, _ = self.server.state["devices"]
        pump.is_on = False
        self.addCleanup(vars(pump).update, is_on=True)
        self.assertJsonEqual(await self.client.get("/devices"), ["lamp"])


class StartAndStopTests(AsyncServerTestCase):
    """A test that starts a server of its own sees the lifespan begin and end."""

    def setUp(self) -> None:
        """Have devices that work."""
        self.pump, self.lamp = Device("pump"), Device("lamp")

    async def test_stopped(self) -> None:
        """Everything is off when the app has stopped."""
        async with Server(create_app(self.pump, self.lamp)) as server:
            client = self.new_client(server=server)
            self.assertJsonEqual(await client.get("/devices"), ["pump", "lamp"])
        self.assertFalse(self.pump.is_on or self.lamp.is_on)

    async def test_start_fails(self) -> None:
        """The app does not start without its lamp, and the pump does not run on."""
        self.lamp.works = False
        with self.assertRaises(ServerStartupError) as caught:
            await Server(create_app(self.pump, self.lamp)).start()
        self.assertEqual(str(caught.exception.__cause__), "the lamp does not answer")
        self.assertFalse(self.pump.is_on)

    async def test_stop_fails(self) -> None:
        """That the lamp cannot be switched off is told, and the pump stops nevertheless."""
        self.lamp.stops = False
        server = Server(create_app(self.pump, self.lamp))
        await server.start()
        with self.assertRaises(ServerShutdownError) as caught:
            await server.stop()
        self.assertEqual(str(caught.exception.__cause__), "the lamp goes on and on")
        self.assertFalse(self.pump.is_on)
