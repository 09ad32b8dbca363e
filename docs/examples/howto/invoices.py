"""A shop that sends invoices: what the guide on mocks keeps from doing so."""

from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException

from mailing import send_mail

app = FastAPI()


class Bank:
    """What the bank offers."""

    async def balance(self, account: str) -> int:
        """Ask how much there is."""
        raise ConnectionError(f"no bank for {account}")

    async def debit(self, account: str, amount: int) -> None:
        """Take money from an account."""
        raise ConnectionError(f"no bank for {account}: {amount}")


def get_bank() -> Bank:
    """Find the bank."""
    return Bank()


def now() -> date:
    """Tell the date."""
    return datetime.now(UTC).date()


@app.post("/invoices/{account}")
async def send_invoice(account: str, amount: int, bank: Annotated[Bank, Depends(get_bank)]) -> dict[str, str]:
    """Take the money, and send an invoice."""
    try:
        if await bank.balance(account) < amount:
            raise HTTPException(402, "not enough money")
        await bank.debit(account, amount)
    except ConnectionError as exc:
        raise HTTPException(503, "the bank does not answer") from exc
    number = await send_mail(f"{account}@example.org", f"{amount} € on {now():%Y-%m-%d}")
    return {"mail": number}
