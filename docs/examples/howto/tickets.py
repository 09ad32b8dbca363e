"""A museum that sells tickets: what the guide on handlers calls without a server."""

from collections.abc import AsyncIterator, Callable
from datetime import UTC, date, datetime
from typing import Annotated

from fastapi import BackgroundTasks, Depends, FastAPI, HTTPException, Query

app = FastAPI()


def today() -> date:
    """Tell the date."""
    return datetime.now(UTC).date()


@app.get("/price")
async def price(age: Annotated[int, Query(ge=0)], day: Annotated[date, Depends(today)]) -> int:
    """Tell what a ticket costs: Mondays are closed, children are free."""
    if day.weekday() == 0:
        raise HTTPException(409, "closed on Mondays")
    return 0 if age < 18 else 12


class Visitors:
    """Counts who is in the museum."""

    def __init__(self) -> None:
        self.inside = 0


visitors = Visitors()


async def visit() -> AsyncIterator[Visitors]:
    """Count a visitor for as long as the request takes."""
    visitors.inside += 1
    try:
        yield visitors
    finally:
        visitors.inside -= 1


def print_ticket(number: int) -> None:
    """Send a ticket to the printer."""
    raise NotImplementedError(f"no printer for ticket {number}")


def get_printer() -> Callable[[int], None]:
    """Tell how tickets are printed."""
    return print_ticket


@app.post("/tickets", status_code=201)
def sell(
    tasks: BackgroundTasks,
    printer: Annotated[Callable[[int], None], Depends(get_printer)],
    guests: Annotated[Visitors, Depends(visit)],
) -> dict[str, int]:
    """Sell a ticket, and print it when the response is sent."""
    tasks.add_task(printer, guests.inside)
    return {"ticket": guests.inside}
