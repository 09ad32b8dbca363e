"""Make the table of the books."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make it."""
    op.create_table("books", sa.Column("id", sa.Integer, primary_key=True))


def downgrade() -> None:
    """Drop it."""
    op.drop_table("books")
