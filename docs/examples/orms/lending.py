"""Tools that neighbours lend each other, on peewee."""

from fastapi import FastAPI, HTTPException
from peewee import CharField, DatabaseProxy, ForeignKeyField, Model, SqliteDatabase
from pydantic import BaseModel

db = DatabaseProxy()
db.initialize(SqliteDatabase("lending.db", pragmas={"foreign_keys": 1}))


class Tool(Model):
    """What can be borrowed."""

    name = CharField(unique=True)

    class Meta:
        """Where it is."""

        database = db


class Loan(Model):
    """Who has a tool."""

    tool = ForeignKeyField(Tool, unique=True)
    borrower = CharField()

    class Meta:
        """Where it is."""

        database = db


class LoanFields(BaseModel):
    """The body of ``POST /loans``: all of these tools, or none."""

    tools: list[str]
    borrower: str


app = FastAPI()


@app.post("/loans", status_code=201)
def lend(body: LoanFields) -> None:
    """Lend tools to somebody."""
    with db.connection_context(), db.atomic():
        for name in body.tools:
            tool = Tool.get_or_none(Tool.name == name)
            if tool is None:
                raise HTTPException(404, f"there is no {name}")
            if Loan.select().where(Loan.tool == tool).exists():
                raise HTTPException(409, f"somebody has the {name}")
            Loan.create(tool=tool, borrower=body.borrower)


@app.get("/loans")
def list_loans() -> dict[str, str]:
    """List who has what."""
    with db.connection_context():
        loans = Loan.select(Loan, Tool).join(Tool)
        return {loan.tool.name: loan.borrower for loan in loans}
