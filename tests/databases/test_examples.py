"""The example projects that have a database, on PostgreSQL."""

import unittest

from tests.databases.postgresql import postgresql_url
from tests.downstream.suite import Outcome, Project, run_suite
from tests.processes import EXAMPLES, side_by_side

__all__: list[str] = []


class ExampleTests(unittest.TestCase):
    """Their suites need one variable."""

    def test_suites(self) -> None:
        """
        A suite passes on PostgreSQL as it does on SQLite, and skips no test; tests/downstream runs that.

        So does one whose tables are made by Alembic, with another driver.
        """
        drivers = {"songs": "asyncpg", "migrations": "psycopg"}
        postgresql_url()  # or both would start a server
        for outcome in side_by_side(run_on_postgresql, drivers.items()):
            self.assertEqual((outcome.trouble, outcome.skipped), ("", 0), outcome.output)


def run_on_postgresql(example: tuple[str, str]) -> Outcome:
    """Run the suite of an example with a driver."""
    name, driver = example
    url = postgresql_url(driver, name).render_as_string(hide_password=False)
    project = Project(name, EXAMPLES / name, options=("-W", "error"))
    return run_suite(project, timeout=120, TEST_DATABASE_URL=url)
