"""The tests of the shop, with a server for each test that is made by hand."""

import socket
import threading
import time
from unittest import TestCase

import httpx
import uvicorn
from websockets.sync.client import connect

import shop


class ServerTestCase(TestCase):
    """Starts uvicorn in a thread before each test, and stops it after."""

    def setUp(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.server = uvicorn.Server(uvicorn.Config(shop.app, port=self.port, log_level="error"))
        self.thread = threading.Thread(target=self.server.run)
        self.thread.start()
        while not self.server.started:
            time.sleep(0.01)
        self.client = httpx.Client(base_url=f"http://127.0.0.1:{self.port}")

    def tearDown(self) -> None:
        self.client.close()
        self.server.should_exit = True
        self.thread.join()
        shop.mails.clear()


class ShopTests(ServerTestCase):
    """The shop, as its clients see it."""

    def test_read(self) -> None:
        """An item has a price."""
        response = self.client.get("/items/teapot")
        self.assertEqual(response.status_code, 200)
        self.assertEqual(response.json(), {"name": "teapot", "price": 24.5})

    def test_order(self) -> None:
        """Who orders gets a mail, some time."""
        response = self.client.post("/orders", json={"item": "teapot"}, headers={"Authorization": "Token ada"})
        self.assertEqual(response.status_code, 201)
        for _ in range(100):
            if shop.mails:
                break
            time.sleep(0.01)
        self.assertEqual(shop.mails, ["ada: teapot"])

    def test_till(self) -> None:
        """The till adds the prices up."""
        with connect(f"ws://127.0.0.1:{self.port}/till") as till:
            till.send('"teapot"')
            self.assertEqual(till.recv(timeout=5), '{"total":24.5}')
