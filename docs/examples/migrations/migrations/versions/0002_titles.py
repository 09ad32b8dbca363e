"""Give books a title."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    """Add the column."""
    op.add_column("books", sa.Column("title", sa.String, nullable=False))


def downgrade() -> None:
    """Drop it."""
    op.drop_column("books", "title")
