"""The example projects that have a database, on PostgreSQL."""

import re
import unittest

from tests.databases.postgresql import postgresql_url
from tests.processes import EXAMPLES, run_python

__all__: list[str] = []


class ExampleTests(unittest.TestCase):
    """Their suites need one variable."""

    def test_songs(self) -> None:
        """A suite passes on PostgreSQL as it does on SQLite; tests/test_examples.py runs that."""
        self.run_suite("songs", "asyncpg")

    def test_migrations(self) -> None:
        """So it does where the tables are made by Alembic, with another driver."""
        self.run_suite("migrations", "psycopg")

    def run_suite(self, example: str, driver: str) -> None:
        """Run the suite of an example."""
        url = postgresql_url(driver, example).render_as_string(hide_password=False)
        run = run_python("-W", "error", "-m", "unittest", folder=EXAMPLES / example, TEST_DATABASE_URL=url)
        self.assertRegex(run.stdout[-2000:], re.compile(r"^Ran [1-9]\d* tests? .*\n\nOK\n\Z", re.MULTILINE))
