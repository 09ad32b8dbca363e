"""What the app calls is replaced by mocks."""

from datetime import date
from unittest.mock import AsyncMock, Mock, call, create_autospec, patch

from fastapi_testing import AsyncServerTestCase

import invoices
from invoices import Bank, get_bank


class MockTests(AsyncServerTestCase):
    """The bank by a dependency, the mail by its name."""

    app = invoices.app

    async def asyncSetUp(self) -> None:
        self.bank = create_autospec(Bank, instance=True)
        self.bank.balance.return_value = 100
        self.override_dependency(get_bank, value=self.bank)
        self.send_mail = self.enterContext(patch("invoices.send_mail", return_value="m-1"))

    async def test_invoice(self) -> None:
        """The money is taken, and the invoice sent."""
        response = await self.client.post("/invoices/ann", params={"amount": 30})
        self.assertJsonEqual(response, {"mail": "m-1"})
        self.bank.debit.assert_awaited_once_with("ann", 30)
        self.send_mail.assert_awaited_once()

    async def test_too_much(self) -> None:
        """Nothing is taken, and nothing sent, where there is not enough."""
        response = await self.client.post("/invoices/ann", params={"amount": 101})
        self.assertHTTPError(response, 402, "not enough money")
        self.assertEqual(self.bank.mock_calls, [call.balance("ann")])
        self.send_mail.assert_not_awaited()

    async def test_bank_fails(self) -> None:
        """An exception of the bank is an answer of the app."""
        self.bank.debit.side_effect = ConnectionError("line is dead")
        response = await self.client.post("/invoices/ann", params={"amount": 30})
        self.assertHTTPError(response, 503, "the bank does not answer")

    async def test_one_after_the_other(self) -> None:
        """A list of results is given out one by one."""
        self.bank.balance.side_effect = [100, 20, ConnectionError]
        sent = [await self.client.post("/invoices/ann", params={"amount": 30}) for _ in range(3)]
        self.assertEqual([response.status_code for response in sent], [200, 402, 503])

    @patch("invoices.now", return_value=date(2026, 2, 28))
    async def test_date(self, _now: Mock) -> None:
        """A decorator replaces for one test; the mock is an argument."""
        await self.client.post("/invoices/ann", params={"amount": 30})
        self.send_mail.assert_awaited_once_with("ann@example.org", "30 € on 2026-02-28")

    async def test_by_hand(self) -> None:
        """A mock may be made of its parts."""
        bank = AsyncMock(balance=AsyncMock(return_value=5))
        self.override_dependency(get_bank, value=bank)
        response = await self.client.post("/invoices/ann", params={"amount": 30})
        self.assertStatus(response, 402)
