"""What an app does before its first request, and after its last."""

from typing import ClassVar

from fastapi import FastAPI
from fastapi_testing import AsyncServerTestCase, Server, ServerOptions, ServerShutdownError, ServerStartupError

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


class WithoutLifespanTests(AsyncServerTestCase):
    """Nothing is switched on for tests that need no devices."""

    server_options: ClassVar[ServerOptions] = {"lifespan": "off"}

    @classmethod
    async def create_app(cls) -> FastAPI:
        return create_app(Device("pump", works=False), Device("lamp"))

    async def test_schema(self) -> None:
        """The app answers, although its pump would not start."""
        schema = (await self.client.get("/openapi.json")).json()
        self.assertEqual(list(schema["paths"]), ["/devices"])
        self.assertEqual(self.server.state, {})


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
