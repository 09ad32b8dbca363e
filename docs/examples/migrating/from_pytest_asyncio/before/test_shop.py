"""The tests of the shop, with pytest-asyncio and httpx."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from httpx import ASGITransport, AsyncClient

import shop


@pytest_asyncio.fixture
async def client() -> AsyncIterator[AsyncClient]:
    """Call the shop as a function; ASGITransport leaves the lifespan to the fixture."""
    async with (
        shop.app.router.lifespan_context(shop.app),
        AsyncClient(transport=ASGITransport(shop.app), base_url="http://test") as client,
    ):
        yield client


@pytest.fixture
def ada() -> Iterator[None]:
    """Let every request be Ada's."""
    shop.app.dependency_overrides[shop.current_user] = lambda: "ada"
    yield
    shop.app.dependency_overrides.clear()
    shop.mails.clear()


@pytest.mark.asyncio
async def test_read(client: AsyncClient) -> None:
    """An item has a price."""
    response = await client.get("/items/teapot")
    assert response.status_code == 200
    assert response.json() == {"name": "teapot", "price": 24.5}


@pytest.mark.asyncio
@pytest.mark.parametrize("name", ["whale", "tea%20pot"])
async def test_missing(client: AsyncClient, name: str) -> None:
    """What is not sold is not found."""
    response = await client.get(f"/items/{name}")
    assert response.status_code == 404


@pytest.mark.asyncio
@pytest.mark.usefixtures("ada")
async def test_order(client: AsyncClient) -> None:
    """Who orders gets a mail."""
    response = await client.post("/orders", json={"item": "teapot"})
    assert response.status_code == 201
    assert shop.mails == ["ada: teapot"]


@pytest.mark.asyncio
async def test_report(client: AsyncClient) -> None:
    """There is no report of nothing."""
    with pytest.raises(LookupError):
        await client.get("/report")
