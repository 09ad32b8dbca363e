"""A commit is a commit: what is deferred is checked at it, also where a savepoint stands for the transaction."""

from typing import Annotated, Any
from unittest import mock

from fastapi import Depends, FastAPI, HTTPException
from sqlalchemy import event, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, async_sessionmaker, create_async_engine

from fastapi_testing import AsyncServerTestCase
from fastapi_testing.databases import SQLAlchemyMixin
from fastapi_testing.errors import IsolationError
from tests.databases.postgresql import postgresql_url

__all__: list[str] = []

app = FastAPI()

PARENT = "INSERT INTO parent VALUES (1)"
ORPHAN = "INSERT INTO child VALUES (1)"
NOTE = (
    "on one connection, what others have not committed yet is checked as well: {} has a transaction open; commit it "
    "earlier, or set isolation = 'truncate'"
)


def get_session() -> Any:
    """Stand for the app's own session; no test may reach it."""


def get_other() -> Any:
    """Stand for another one."""


SessionDep = Annotated[AsyncSession, Depends(get_session)]


@app.post("/statements")
async def execute(statements: list[str], session: SessionDep, *, again: bool = False) -> str:
    """Execute statements and commit; where that is refused, roll back, and perhaps try something else."""
    for statement in statements:
        await session.execute(text(statement))
    try:
        await session.commit()
    except IntegrityError:
        await session.rollback()
        if again:
            await session.execute(text(PARENT))
            await session.commit()
        raise HTTPException(409) from None
    return "committed"


@app.post("/under-another")
async def commit_under_another(
    session: SessionDep, other: Annotated[AsyncSession, Depends(get_other)], statement: str
) -> None:
    """Commit an orphan while another session has written on top of it."""
    await session.execute(text(ORPHAN))
    await other.execute(text(statement))
    await session.commit()
    await other.commit()


class DeferringCase(SQLAlchemyMixin, AsyncServerTestCase):
    """A class whose app commits what it is sent."""

    app: Any = app
    session_dependency = (get_session, get_other)
    driver = "aiosqlite"
    schema: tuple[str, ...] = (
        "CREATE TABLE parent (id INTEGER PRIMARY KEY)",
        "CREATE TABLE child (parent INTEGER REFERENCES parent DEFERRABLE INITIALLY DEFERRED)",
    )

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        if cls.driver != "aiosqlite":
            cls.database_url = postgresql_url(cls.driver)
        await super().asyncSetUpClass()

    @classmethod
    async def create_schema(cls, connection: AsyncConnection) -> None:
        for statement in cls.schema:
            await connection.execute(text(statement))

    async def ask(self, *statements: str, status: int = 200, again: bool = False) -> None:
        """Have the app execute statements and commit."""
        response = await self.client.post("/statements", json=statements, params={"again": again})
        self.assertStatus(response, status)

    async def count(self, table: str) -> int:
        """Return how many rows a table has, and end the transaction that has read them."""
        async with self.engine.connect() as connection:
            number: int = await connection.scalar(text(f"SELECT count(*) FROM {table}"))
            return number

    async def statements_of(self, *statements: str) -> list[str]:
        """Return what is sent about constraints when the app commits what these have done."""
        constraints: Any = type(self)._running_database().isolation._shared._deferred  # type: ignore[union-attr]
        with mock.patch.object(constraints, "_fetch", wraps=constraints._fetch) as fetch:
            await self.ask(*statements)
        return [call.args[0] for call in fetch.call_args_list]


class Behaviour(DeferringCase):
    """What holds in both modes; the classes below say where."""

    async def test_orphan(self) -> None:
        """A row that refers to none is refused at the commit; what else the transaction wrote is gone, too."""
        await self.ask("INSERT INTO parent VALUES (2)", ORPHAN, status=409)
        self.assertEqual(await self.count("parent"), 0)
        self.assertEqual(await self.count("child"), 0)

    async def test_rolled_back(self) -> None:
        """After the refusal a session rolls back, and can be used again."""
        await self.ask(ORPHAN, status=409, again=True)
        self.assertEqual(await self.count("parent"), 1)

    async def test_deferred_again(self) -> None:
        """In each transaction the child may come first; a row that is refused later undoes nothing of it."""
        await self.ask(ORPHAN, PARENT)
        await self.ask("INSERT INTO child VALUES (2)", "INSERT INTO parent VALUES (2)")
        await self.ask("INSERT INTO child VALUES (3)", status=409)
        self.assertEqual(await self.count("child"), 2)

    async def test_session(self) -> None:
        """So it is with the session of the test."""
        await self.session.execute(text(ORPHAN))
        with self.assertRaises(IntegrityError):
            await self.session.commit()
        await self.session.rollback()
        self.assertEqual(await self.count("child"), 0)

    async def test_autocommit(self) -> None:
        """With AUTOCOMMIT, the statement itself is refused."""
        async with self.engine.connect() as connection:
            await connection.execution_options(isolation_level="AUTOCOMMIT")
            with self.assertRaises(IntegrityError):
                await connection.execute(text(ORPHAN))
            await connection.execute(text(PARENT))
            await connection.execute(text(ORPHAN))
        self.assertEqual(await self.count("child"), 1)

    async def test_after_a_failure(self) -> None:
        """A transaction in which a statement has failed is rolled back; the next one is as any."""
        async with self.engine.connect() as connection:
            await connection.execute(text(ORPHAN))
            with self.assertRaises(DBAPIError):
                await connection.execute(text("SELECT nonsense FROM parent"))
            await connection.rollback()
        await self.ask(ORPHAN, PARENT)


class RollbackBehaviour(Behaviour):
    """What holds where one transaction is rolled back."""

    async def test_defined_by_the_test(self) -> None:
        """A constraint that a test makes is checked, and one that it has rolled back is not looked for."""
        table = "CREATE TABLE new (parent INTEGER REFERENCES parent DEFERRABLE INITIALLY {})"
        await self.session.execute(text(table.format("DEFERRED")))
        await self.session.commit()
        await self.ask("INSERT INTO new VALUES (1)", status=409)
        await self.session.execute(text("DROP TABLE new"))
        await self.session.commit()
        async with self.engine.connect() as connection:
            await connection.execute(text(table.format("IMMEDIATE")))
            await connection.rollback()
        await self.ask(PARENT)

    async def test_flushed_by_the_test(self) -> None:
        """What the test has flushed is checked with the app's commit, and the error says so."""
        await self.session.execute(text(ORPHAN))
        with self.assertRaises(IntegrityError) as caught:
            async with self.engine.begin() as connection:
                await connection.execute(text("INSERT INTO parent VALUES (2)"))
        self.assertEqual(caught.exception.orig.__notes__, [NOTE.format("self.session")])  # type: ignore[union-attr]
        await self.session.execute(text(PARENT))
        await self.session.commit()
        self.assertEqual(await self.count("parent"), 1)

    async def test_within_another(self) -> None:
        """An orphan in a transaction on which another one of the request stands is an error, and no success."""
        params = {"statement": "INSERT INTO parent VALUES (2)"}
        with self.assertServerRaises((IntegrityError, IsolationError)):
            self.assertStatus(await self.client.post("/under-another", params=params), 500)

    async def test_within_another_that_mends_it(self) -> None:
        """Where the other one has written the parent, nothing is wrong."""
        self.assertStatus(await self.client.post("/under-another", params={"statement": PARENT}), 200)
        self.assertEqual(await self.count("child"), 1)


class PostgreSQLBehaviour(Behaviour):
    """What else can be deferred on PostgreSQL."""

    schema = (
        *Behaviour.schema,
        "CREATE TABLE place (id INTEGER UNIQUE DEFERRABLE, parent INTEGER REFERENCES parent DEFERRABLE)",
        "CREATE TABLE seat (id INTEGER CONSTRAINT alone UNIQUE DEFERRABLE INITIALLY DEFERRED)",
        "CREATE SCHEMA other",
        "CREATE TABLE other.seat (id INTEGER CONSTRAINT alone UNIQUE)",
        "CREATE TABLE other.place (id INTEGER, CONSTRAINT alone_too EXCLUDE (id WITH =) DEFERRABLE)",
        (
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE unique_violation USING MESSAGE = 'refused'; END $$"
        ),
        "CREATE TABLE watched (id INTEGER)",
        (
            "CREATE CONSTRAINT TRIGGER watch AFTER INSERT ON watched DEFERRABLE INITIALLY DEFERRED "
            "FOR EACH ROW EXECUTE FUNCTION refuse()"
        ),
    )

    async def test_deferred_by_the_transaction(self) -> None:
        """What a transaction has deferred itself is checked at its commit, and is not deferred in the next one."""
        deferred = ("SET CONSTRAINTS ALL DEFERRED", "INSERT INTO place VALUES (1, 1)")
        await self.ask(*deferred, status=409)
        await self.ask(*deferred, PARENT)
        async with self.engine.connect() as connection:
            for statement in "INSERT INTO place VALUES (2, 9)", "INSERT INTO place VALUES (1, 1)":
                with self.assertRaises(IntegrityError):
                    await connection.execute(text(statement))
                await connection.rollback()

    async def test_immediate_by_the_transaction(self) -> None:
        """What a transaction has not deferred is deferred again in the next one."""
        await self.ask("SET CONSTRAINTS ALL IMMEDIATE", PARENT, ORPHAN)
        await self.ask("INSERT INTO child VALUES (2)", "INSERT INTO parent VALUES (2)")

    async def test_unique(self) -> None:
        """Unique and exclusion constraints are checked, too."""
        await self.ask("INSERT INTO seat VALUES (1), (2)", "UPDATE seat SET id = 3 - id")
        await self.ask("INSERT INTO seat VALUES (1)", status=409)
        deferred = "SET CONSTRAINTS other.alone_too DEFERRED"
        await self.ask(deferred, "INSERT INTO other.place VALUES (1), (1)", status=409)

    async def test_trigger(self) -> None:
        """So are triggers that are called at a commit."""
        await self.ask("INSERT INTO watched VALUES (1)", status=409)
        self.assertEqual(await self.count("watched"), 0)


class PostgreSQLRollbackBehaviour(PostgreSQLBehaviour, RollbackBehaviour):
    """What is sent for it."""

    async def test_one_statement(self) -> None:
        """A commit costs one statement; the first one of a class a query more."""
        await self.ask(PARENT)
        self.assertEqual(
            await self.statements_of("INSERT INTO parent VALUES (2)"),
            [
                (
                    "DO $fastapi_testing$ BEGIN SET CONSTRAINTS ALL IMMEDIATE; SET CONSTRAINTS ALL DEFERRED; SET "
                    "CONSTRAINTS other.alone_too, public.place_id_key, public.place_parent_fkey IMMEDIATE; "
                    "END $fastapi_testing$"
                )
            ],
        )


class PlainTests(DeferringCase):
    """Tables of which no constraint can be deferred, as most are."""

    driver = "asyncpg"
    schema = ("CREATE TABLE parent (id INTEGER PRIMARY KEY)",)

    async def test_nothing_sent(self) -> None:
        """A commit costs nothing; those that can be deferred, and are not, cost the shortest statement."""
        await self.ask(PARENT)
        self.assertEqual(await self.statements_of("INSERT INTO parent VALUES (2)"), [])
        await self.session.execute(text("CREATE TABLE child (parent INTEGER REFERENCES parent DEFERRABLE)"))
        await self.session.commit()
        self.assertEqual(await self.statements_of("INSERT INTO parent VALUES (3)"), ["SET CONSTRAINTS ALL IMMEDIATE"])


class SQLiteBehaviour(Behaviour):
    """What else can be deferred on SQLite."""

    schema = (
        *Behaviour.schema,
        "CREATE TABLE note (parent INTEGER REFERENCES parent)",
        "INSERT INTO child VALUES (9)",
        "CREATE TABLE several (id INTEGER)",
        "CREATE TABLE mismatch (id INTEGER REFERENCES several (id) DEFERRABLE INITIALLY DEFERRED)",
    )

    async def test_deferred_by_the_transaction(self) -> None:
        """What a transaction has deferred itself is checked at its commit, and is not deferred in the next one."""
        deferred = ("PRAGMA defer_foreign_keys = ON", "INSERT INTO note VALUES (1)")
        await self.ask(*deferred, status=409)
        await self.refuse()
        await self.ask(*deferred, PARENT)
        await self.refuse()

    async def refuse(self) -> None:
        """Check that nothing is deferred which is not so by itself."""
        async with self.engine.connect() as connection:
            with self.assertRaises(IntegrityError):
                await connection.execute(text("INSERT INTO note VALUES (2)"))

    async def count(self, table: str) -> int:
        """Return how many rows there are, but for the one that the schema has begun with."""
        return await super().count(table) - (table == "child")


class SQLiteRollbackTests(SQLiteBehaviour, RollbackBehaviour):
    """On SQLite."""


class SQLiteTruncateTests(SQLiteBehaviour):
    """On SQLite, with transactions of its own."""

    isolation = "truncate"


class SQLiteWithoutTests(DeferringCase):
    """On SQLite where foreign keys are not enforced: nothing is."""

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        app_engine = create_async_engine("sqlite+aiosqlite://")

        @event.listens_for(app_engine.sync_engine, "connect")
        def switch_off(connection: Any, _record: Any) -> None:
            connection.cursor().execute("PRAGMA foreign_keys = OFF")

        cls.session_class = async_sessionmaker(app_engine)
        await super().asyncSetUpClass()

    async def test_orphan(self) -> None:
        """An orphan is committed."""
        await self.ask("PRAGMA defer_foreign_keys = ON", ORPHAN)
        self.assertEqual(await self.count("child"), 1)


class AsyncpgRollbackTests(PostgreSQLRollbackBehaviour):
    """By asyncpg."""

    driver = "asyncpg"


class AsyncpgTruncateTests(PostgreSQLBehaviour):
    """By asyncpg, with transactions of its own."""

    driver = "asyncpg"
    isolation = "truncate"


class PsycopgRollbackTests(PostgreSQLRollbackBehaviour):
    """By psycopg."""

    driver = "psycopg"


class PsycopgTruncateTests(PostgreSQLBehaviour):
    """By psycopg, with transactions of its own."""

    driver = "psycopg"
    isolation = "truncate"


del Behaviour, DeferringCase, PostgreSQLBehaviour, PostgreSQLRollbackBehaviour, RollbackBehaviour, SQLiteBehaviour
