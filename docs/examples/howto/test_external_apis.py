"""An API of somebody else, as a stub and as a mock."""

import json
from typing import ClassVar

import httpx
import respx
from fastapi_testing import AsyncServerTestCase, Server

import checkout
import payments_stub
from payments_stub import PaymentsStub


class StubTests(AsyncServerTestCase):
    """The shop calls a stub, over a real socket."""

    app = checkout.app
    payments: ClassVar[PaymentsStub]

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        """Start the stub, and have the shop's settings lead to it."""
        await super().asyncSetUpClass()
        cls.payments = PaymentsStub()
        server = await cls.enterAsyncClassContext(Server(cls.payments.app))
        cls.override_env(PAYMENTS_URL=server.url)

    async def asyncSetUp(self) -> None:
        """Forget what earlier tests have asked and wanted."""
        self.payments.reset()

    async def test_approved(self) -> None:
        """The shop asks for the amount, and hands on the receipt."""
        response = await self.client.post("/checkout", json={"amount": 500})
        self.assertJsonEqual(response, {"receipt": "ch_1"})
        self.assertJsonEqual(self.payments.charges, [{"amount": 500, "currency": "EUR"}])

    async def test_declined(self) -> None:
        """A customer without money is told so."""
        self.payments.answer = payments_stub.decline
        self.assertHTTPError(await self.client.post("/checkout", json={"amount": 500}), 402, "declined")

    async def test_out_of_order(self) -> None:
        """The shop copes with an API that fails, or answers what is none."""
        for answer in (payments_stub.fail, payments_stub.garble):
            with self.subTest(answer=answer.__name__):
                self.payments.answer = answer
                response = await self.client.post("/checkout", json={"amount": 500})
                self.assertHTTPError(response, 502, "the payments API is out of order")

    async def test_time_out(self) -> None:
        """The shop does not wait for ever."""
        self.override_env(PAYMENTS_TIMEOUT="0.05")
        self.payments.answer = payments_stub.hang
        response = await self.client.post("/checkout", json={"amount": 500})
        self.assertHTTPError(response, 504, "the payments API does not answer")


class MockTests(AsyncServerTestCase):
    """The shop's client is mocked; the test's own is not."""

    app = checkout.app

    async def asyncSetUp(self) -> None:
        """Mock the API at the address that it has in the shop's settings."""
        self.override_env(PAYMENTS_URL="https://payments.example")
        self.payments = self.enterContext(respx.mock(base_url="https://payments.example"))

    async def test_approved(self) -> None:
        """The shop asks for the amount, and hands on the receipt."""
        charge = self.payments.post("/charges").respond(201, json={"id": "ch_1"})
        response = await self.client.post("/checkout", json={"amount": 500})
        self.assertJsonEqual(response, {"receipt": "ch_1"})
        self.assertJsonEqual(json.loads(charge.calls.last.request.content), {"amount": 500, "currency": "EUR"})

    async def test_time_out(self) -> None:
        """The shop does not wait for ever; with a mock, the test does not wait at all."""
        self.payments.post("/charges").mock(side_effect=httpx.ReadTimeout)
        response = await self.client.post("/checkout", json={"amount": 500})
        self.assertHTTPError(response, 504, "the payments API does not answer")
