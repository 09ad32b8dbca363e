"""What a bus ticket costs: an app of which not everything is tested yet."""

from fastapi import BackgroundTasks, FastAPI, HTTPException

app = FastAPI()
sold: list[str] = []


@app.get("/fares/{zones}")
def read_fare(zones: int, age: int = 30) -> float:
    """Tell the fare, in a thread of its own, as this is no coroutine."""
    if zones < 1:
        raise HTTPException(404, "no such zones")
    fare = 1.5 + zones
    if age >= 65:
        fare /= 2
    return fare


@app.post("/tickets/{name}", status_code=201)
async def sell(name: str, tasks: BackgroundTasks) -> None:
    """Sell a ticket."""
    tasks.add_task(note, name)


async def note(name: str) -> None:
    """Take note of who has bought a ticket."""
    if name:
        sold.append(name)


@app.get("/tickets")
async def list_tickets() -> list[str]:
    """List who has bought one."""
    return sold
