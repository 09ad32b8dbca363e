"""The example project, on PostgreSQL."""

import os
import re
import subprocess
import sys
import unittest
from pathlib import Path

from tests.databases.postgresql import postgresql_url

__all__: list[str] = []

ROOT = Path(__file__).parent.parent.parent


class SongsTests(unittest.TestCase):
    """Its suite needs one variable."""

    def test_suite(self) -> None:
        """It passes on PostgreSQL as it does on SQLite; tests/test_examples.py runs that."""
        run = subprocess.run(
            [sys.executable, "-W", "error", "-m", "unittest"],
            cwd=ROOT / "docs" / "examples" / "songs",
            env=os.environ
            | {
                "PYTHONDONTWRITEBYTECODE": "1",
                "PYTHONPATH": str(ROOT),
                "TEST_DATABASE_URL": postgresql_url(database="songs").render_as_string(hide_password=False),
            },
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        self.assertRegex(run.stderr[-2000:], re.compile(r"^Ran [1-9]\d* tests? .*\n\nOK\n\Z", re.MULTILINE))
