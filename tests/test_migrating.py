"""The suites of docs/examples/migrating: each passes as it was before; tests.downstream runs what they became."""

import re
import unittest

from tests.processes import EXAMPLES, run_python, side_by_side

MIGRATING = EXAMPLES / "migrating"

UNITTEST = "-m unittest discover -s {folder}"
RUNNERS = {
    "from_testclient": UNITTEST,
    "from_pytest_asyncio": "-m pytest -q -p asyncio -p no:cacheprovider {folder}",
    "from_server_per_test": UNITTEST,
    "from_flask_testing": UNITTEST,
    "from_aiohttp": UNITTEST,
    "from_django": "-m django test {folder} --pythonpath {folder} --settings settings",
}
"""How the suites were run before; what other tools warn of is theirs."""


class MigratingTests(unittest.TestCase):
    """One folder after the other."""

    def test_every_folder_is_run(self) -> None:
        """No suite is forgotten."""
        self.assertEqual({path.name for path in MIGRATING.glob("from_*/")}, set(RUNNERS))

    def test_before(self) -> None:
        """Each suite passes with the tool that it comes from, and has at least three tests."""
        commands = [runner.format(folder=f"{name}/before").split() for name, runner in RUNNERS.items()]
        runs = side_by_side(lambda command: run_python(*command, folder=MIGRATING), commands)
        for name, run in zip(RUNNERS, runs, strict=True):
            with self.subTest(suite=name):
                self.assertRegex(run.stdout, re.compile(r"^(Ran [3-9] tests in |[3-9] passed in )", re.MULTILINE))
                self.assertEqual(run.returncode, 0, run.stdout[-2000:])
