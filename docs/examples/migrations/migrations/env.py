"""How Alembic finds the database: by the connection that it is given, or by its settings."""

from alembic import context
from sqlalchemy import Connection, create_engine

from library import Base


def migrate(connection: Connection) -> None:
    """Run the migrations on a connection."""
    context.configure(connection=connection, target_metadata=Base.metadata)
    with context.begin_transaction():
        context.run_migrations()


given = context.config.attributes.get("connection")
if given is not None:
    migrate(given)
else:
    with create_engine("sqlite:///library.db").connect() as connection:
        migrate(connection)
