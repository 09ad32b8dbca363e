"""The example of a suite that several machines share, run as its CI files say."""

import json
import re
import shutil
from pathlib import Path
from typing import Any, ClassVar

import yaml

from tests.processes import EXAMPLES, side_by_side
from tests.runners.case import ProjectCase

EXAMPLE = EXAMPLES / "sharding"


def read(path: Path) -> Any:
    """Read a YAML file."""
    return yaml.safe_load(path.read_text("utf-8"))


class ShardingTests(ProjectCase):
    """GitHub Actions and GitLab, each with a matrix."""

    github: ClassVar[dict[str, Any]]
    gitlab: ClassVar[dict[str, Any]]

    @classmethod
    def setUpClass(cls) -> None:
        super().setUpClass()
        cls.github = read(EXAMPLE / ".github" / "workflows" / "tests.yml")["jobs"]["tests"]
        cls.gitlab = read(EXAMPLE / ".gitlab-ci.yml")["tests"]

    def run_shard(self, **variables: object) -> tuple[int, str]:
        """Run the last command of the CI files, with the variables that a job has."""
        python, *arguments = self.github["steps"][-1]["run"].split()
        self.assertEqual(python, "python")
        environment = {name: str(value) for name, value in variables.items()}
        return self.run_python("-W", "error", *arguments, folder=EXAMPLE, **environment)

    def test_github(self) -> None:
        """Each job of the matrix has a shard, all of them make the whole, and no seed of hashes changes that."""
        variables = self.github["env"]
        self.assertEqual(variables["TEST_SHARD_INDEX"], "${{ matrix.shard }}")
        total = variables["TEST_TOTAL_SHARDS"]
        shards = self.github["strategy"]["matrix"]["shard"]
        self.assertEqual(shards, list(range(total)))
        jobs = [{"TEST_SHARD_INDEX": shard, "TEST_TOTAL_SHARDS": total, "PYTHONHASHSEED": shard} for shard in shards]
        *runs, (_, whole) = side_by_side(lambda job: self.run_shard(**job), [*jobs, {}])
        self.assertEqual([code for code, _ in runs], [0] * total)
        self.assertTrue(whole.endswith("\nOK\n"), whole)
        self.assertEqual(sorted(test for _, printed in runs for test in names(printed)), sorted(names(whole)))
        self.assertEqual(len(names(whole)), 5)
        self.assertNotIn([], [names(printed) for _, printed in runs])

    def test_gitlab(self) -> None:
        """The matrix is the same, and so is the command."""
        (matrix,) = self.gitlab["parallel"]["matrix"]
        total = int(self.gitlab["variables"]["TEST_TOTAL_SHARDS"])
        self.assertEqual(matrix["TEST_SHARD_INDEX"], [str(index) for index in range(total)])
        self.assertEqual(matrix["PYTHON"], self.github["strategy"]["matrix"]["python"])
        self.assertEqual(self.gitlab["script"][-1], self.github["steps"][-1]["run"])

    def test_more_shards_than_classes(self) -> None:
        """A shard that has no tests says so, and passes, also where a run of no tests fails."""
        code, printed = self.run_shard(TEST_SHARD_INDEX=2, TEST_TOTAL_SHARDS=5)
        self.assertEqual(code, 0)
        self.assertEqual(names(printed), [])
        self.assertIn(" ... skipped 'no tests are left for shard 2 of 0 to 4'\n", printed)
        self.assertTrue(printed.endswith("OK (skipped=1)\n"))

    def test_runners_that_write(self) -> None:
        """unittest-parallel and stestr send classes to their workers, which write what those take into one file."""
        example = self.folder / "sharding"
        shutil.copytree(EXAMPLE, example)
        (example / ".stestr.conf").write_text("[DEFAULT]\ntest_path=.\ntop_dir=.\nparallel_class=True\n", "utf-8")
        commands = {
            "parallel.json": ("unittest_parallel", "-t", ".", "-s", ".", "-j", "2", "--level", "class"),
            "stestr.json": ("stestr", "run", "--concurrency", "2"),
        }

        def run(file: str) -> tuple[int, str]:
            return self.run_python("-m", *commands[file], folder=example, FASTAPI_TESTING_TIMINGS=file)

        for file, (code, printed) in zip(commands, side_by_side(run, commands), strict=True):
            with self.subTest(file):
                self.assertEqual(code, 0, printed)
                classes = json.loads((example / file).read_text("utf-8"))["classes"]
                expected = [
                    "drinks.ListTests",
                    "drinks.PriceTests",
                    "errors.UnknownDrinkTests",
                    "errors.WrongMethodTests",
                ]
                self.assertEqual([*classes], [f"api_tests.test_{name}" for name in expected])

    def test_mistake(self) -> None:
        """A job whose variables make no sense fails, and says why."""
        code, printed = self.run_shard(TEST_SHARD_INDEX=3, TEST_TOTAL_SHARDS=3)
        self.assertEqual(code, 1)
        self.assertIn("ValueError: TEST_SHARD_INDEX is 3 and TEST_TOTAL_SHARDS is 3: ", printed)


def names(printed: str) -> list[str]:
    """Return the ids of the tests that ran."""
    return re.findall(r"(?m)^test_\w+ \((.+)\)$", printed)
