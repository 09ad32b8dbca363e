"""Ask the shop something, from a plain asyncio program: ``python check_shop.py``."""

import asyncio

from fastapi_testing import create_test_server

from shop import app


async def main() -> None:
    """Start the shop, look at its first item, and stop it."""
    async with create_test_server(app) as server:
        response = await server.client.get("/items/1")
        await response.expect_status(200)
        print(server.base_url, "sells", await response.json())  # noqa: T201 - it is a program


if __name__ == "__main__":
    asyncio.run(main())
