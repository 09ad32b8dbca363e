"""The library, with the tables that its migrations make, and sessions that commit as its own do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import alembic.command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from fastapi_testing import AsyncServerTestCase
from fastapi_testing.databases import SQLAlchemyMixin
from sqlalchemy import Connection
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession

import library

MIGRATIONS = Path(__file__).with_name("migrations")


def upgrade(connection: Connection) -> None:
    """Run all migrations on a connection."""
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["connection"] = connection
    alembic.command.upgrade(config, "head")


def find_differences(connection: Connection) -> list[Any]:
    """Return what the next migration would have to do."""
    return list(compare_metadata(MigrationContext.configure(connection), library.Base.metadata))


class LibraryTests(SQLAlchemyMixin, AsyncServerTestCase):
    """Books."""

    app = library.app
    session_dependency = library.open_session
    schema_scope = "run"
    schema_files = (MIGRATIONS, library.__file__)

    @classmethod
    async def create_schema(cls, connection: AsyncConnection) -> None:
        await connection.run_sync(upgrade)

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        await super().asyncSetUpClass()
        library.sessions.configure(bind=cls.engine)
        cls.addClassCleanup(library.sessions.configure, bind=library.engine)

    @classmethod
    @asynccontextmanager
    async def open_session(cls) -> AsyncIterator[AsyncSession]:
        async with super().open_session() as session, session.begin():
            yield session

    async def test_committed(self) -> None:
        """What one request adds, the next one finds: the session commits at its end."""
        await self.client.post("/books/Emma")
        self.assertJsonEqual(await self.client.get("/books"), ["Emma"])

    async def test_delivered(self) -> None:
        """An order is in the database of the tests, and gone after the test, as everything else."""
        self.assertJsonEqual(await self.client.get("/books"), [])
        await self.client.post("/orders/Persuasion")
        self.assertJsonEqual(await self.client.get("/books"), ["Persuasion"])

    async def test_delivered_again(self) -> None:
        """Also where it is ordered in every test."""
        await self.test_delivered()

    async def test_migrations_are_complete(self) -> None:
        """The migrations make the tables that the models have."""
        connection = await self.session.connection()
        self.assertEqual(await connection.run_sync(find_differences), [])
