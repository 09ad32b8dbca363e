"""The tools over HTTP: each test is a transaction, which is rolled back."""

import tempfile
from pathlib import Path

from fastapi_testing import ServerTestCase
from peewee import SqliteDatabase

from lending import Loan, Tool, app, db


class LendingTests(ServerTestCase):
    """One connection for the test and for the threads of the app; the tables and two tools are made once."""

    app = app

    @classmethod
    def setUpClass(cls) -> None:
        folder = cls.enterClassContext(tempfile.TemporaryDirectory())
        cls.addClassCleanup(db.initialize, db.obj)
        path = str(Path(folder, "lending.db"))
        db.initialize(SqliteDatabase(path, pragmas={"foreign_keys": 1}, thread_safe=False, check_same_thread=False))
        cls.enterClassContext(db.connection_context())
        db.create_tables([Tool, Loan])
        for name in ("saw", "drill"):
            Tool.create(name=name)
        super().setUpClass()

    def setUp(self) -> None:
        super().setUp()
        transaction = self.enterContext(db.atomic())
        self.addCleanup(transaction.rollback)

    def test_lent(self) -> None:
        """A loan is in the database when the response is there."""
        self.assertStatus(self.client.post("/loans", json={"tools": ["saw", "drill"], "borrower": "Ann"}), 201)
        self.assertEqual(Loan.select().count(), 2)
        self.assertJsonEqual(self.client.get("/loans"), {"saw": "Ann", "drill": "Ann"})

    def test_lent_again(self) -> None:
        """What another test has borrowed is back."""
        self.assertStatus(self.client.post("/loans", json={"tools": ["saw"], "borrower": "Ben"}), 201)
        self.assertJsonEqual(self.client.get("/loans"), {"saw": "Ben"})

    def test_lent_already(self) -> None:
        """A tool is with one neighbour; what the request had written is undone, the test's own is not."""
        Loan.create(tool=Tool.get(name="drill"), borrower="Cleo")
        response = self.client.post("/loans", json={"tools": ["saw", "drill"], "borrower": "Ann"})
        self.assertHTTPError(response, 409, "somebody has the drill")
        self.assertJsonEqual(self.client.get("/loans"), {"drill": "Cleo"})
