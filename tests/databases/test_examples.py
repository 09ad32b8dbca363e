"""The example projects that have a database, on PostgreSQL."""

import unittest

from tests.databases.postgresql import postgresql_url
from tests.downstream.suite import Project, run_suite
from tests.examples import EXAMPLES

__all__: list[str] = []


class ExampleTests(unittest.TestCase):
    """Their suites need one variable."""

    def test_songs(self) -> None:
        """A suite passes on PostgreSQL as it does on SQLite; tests/test_examples.py runs that."""
        self.assert_passes("songs", "asyncpg")

    def test_migrations(self) -> None:
        """So it does where the tables are made by Alembic, with another driver."""
        self.assert_passes("migrations", "psycopg")

    def assert_passes(self, example: str, driver: str) -> None:
        """Run the suite of an example; none of its tests is skipped."""
        url = postgresql_url(driver, example).render_as_string(hide_password=False)
        project = Project(example, EXAMPLES / example, options=("-W", "error"))
        outcome = run_suite(project, timeout=120, TEST_DATABASE_URL=url)
        self.assertEqual((outcome.trouble, outcome.skipped), ("", 0), outcome.output)
