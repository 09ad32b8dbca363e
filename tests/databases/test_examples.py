"""The example projects that have a database, on PostgreSQL."""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

from tests.databases.postgresql import postgresql_url

__all__: list[str] = []

ROOT = Path(__file__).parent.parent.parent


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
        url = postgresql_url(driver, example)
        run = subprocess.run(
            [sys.executable, "-W", "error", "-m", "unittest"],
            cwd=ROOT / "docs" / "examples" / example,
            env=os.environ
            | {
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONPATH": str(ROOT),
                "TEST_DATABASE_URL": url.render_as_string(hide_password=False),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.assertRegex(run.stderr[-2000:], re.compile(r"^Ran [1-9]\d* tests? .*\n\nOK\n\Z", re.MULTILINE))
