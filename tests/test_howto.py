"""What the how-to guides show of terminals and of CI is what happens."""

import re
import shutil
import tempfile
import tomllib
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.processes import EXAMPLES, side_by_side
from tests.transcripts import commands, normalize, run_command, typed_in, without_typing

PYPROJECT = EXAMPLES.parent.parent / "pyproject.toml"
PIPELINES = (".github/workflows/tests.yml", ".gitlab-ci.yml")
RUN_DOWNSTREAM = (EXAMPLES / "songs", ("python -W error -m unittest -v",))
"""What ``python -m tests.downstream`` runs, and its test."""

INSTALL = "python -m pip install --editable '.[test]'"


class TranscriptTests(unittest.TestCase):
    """The files that end on .console: commands, and what they print."""

    maxDiff = None

    def setUp(self) -> None:
        """Keep coverage's own data out of the examples, and out of the suite's."""
        folder = self.enterContext(tempfile.TemporaryDirectory())
        self.data = str(Path(folder, "coverage"))

    def test_transcripts(self) -> None:
        """Each command prints what the page shows."""
        paths = sorted(EXAMPLES.rglob("*.console"))
        self.assertGreaterEqual(len(paths), 5)
        for path, printed in zip(paths, side_by_side(self.printed, paths), strict=True):
            for (command, shown), each in zip(commands(path.read_text("utf-8")), printed, strict=True):
                with self.subTest(file=path.name, command=command):
                    self.assertEqual(normalize(each), normalize(without_typing(shown)))

    def printed(self, path: Path) -> list[str]:
        """Run the commands of a file one after the other, and return what each prints."""
        return [
            run_command(command, path.parent, typed_in(shown), COVERAGE_FILE=self.data)
            for command, shown in commands(path.read_text("utf-8"))
        ]

    def test_other_commands(self) -> None:
        """A transcript runs Python only."""
        with self.assertRaisesRegex(ValueError, "a transcript runs python, not 'rm'"):
            run_command("rm -r .", EXAMPLES)


class PipelineTests(unittest.TestCase):
    """The files for GitHub Actions and GitLab."""

    def test_jobs(self) -> None:
        """There are those of two projects, for both."""
        found = [(path.relative_to(EXAMPLES).as_posix(), name) for path, name, _ in jobs()]
        self.assertEqual(
            found,
            [
                ("coverage/.github/workflows/tests.yml", "unittest"),
                ("coverage/.gitlab-ci.yml", "unittest"),
                ("songs/.github/workflows/tests.yml", "sqlite"),
                ("songs/.github/workflows/tests.yml", "postgresql"),
                ("songs/.gitlab-ci.yml", "sqlite"),
                ("songs/.gitlab-ci.yml", "postgresql"),
            ],
        )

    def test_installed(self) -> None:
        """Each job first installs its project with the extra that has the libraries of the tests."""
        for path, name, job in jobs():
            with self.subTest(file=path, job=name):
                self.assertEqual(commands_of(job)[0], INSTALL)
                project = tomllib.loads((example_of(path) / "pyproject.toml").read_text("utf-8"))["project"]
                self.assertRegex(" ".join(project["optional-dependencies"]["test"]), "fastapi-unittest")

    def test_commands(self) -> None:
        """The commands of a job that needs no service pass, as they stand there; one is run by another test."""
        jobs_alone = [(path, job) for path, _, job in jobs() if "services" not in job]
        found = {(example_of(path), tuple(commands_of(job)[1:])) for path, job in jobs_alone}
        self.assertIn(RUN_DOWNSTREAM, found)
        scripts = sorted(found - {RUN_DOWNSTREAM})
        for (example, script), printed in zip(scripts, side_by_side(run_script, scripts), strict=True):
            for command, each in zip(script, printed, strict=True):
                with self.subTest(example=example.name, command=command):
                    self.assertNotRegex(each, "FAILED|[Ee]rror")
                    self.assertRegex(each, r"\nOK\n|\nTOTAL |^Wrote XML report")

    def test_services(self) -> None:
        """A job with a service runs the same commands on it."""
        for path in {path for path, _, _ in jobs()}:
            with self.subTest(file=path):
                of_jobs = [commands_of(job) for found, _, job in jobs() if found == path]
                self.assertEqual(of_jobs[1:], of_jobs[:1] * (len(of_jobs) - 1))

    def test_pythons(self) -> None:
        """The tests run on every Python that fastapi_testing does."""
        tox = tomllib.loads(PYPROJECT.read_text("utf-8"))["tool"]["tox"]
        supported = [f"3.{name.removeprefix('py3')}" for name in tox["env_list"] if name.startswith("py3")]
        of_github, of_gitlab = (job for path, _, job in jobs() if example_of(path).name == "coverage")
        self.assertEqual(of_github["strategy"]["matrix"]["python-version"], supported)
        self.assertEqual(of_gitlab["parallel"]["matrix"], [{"PYTHON_VERSION": supported}])

    def test_coverage(self) -> None:
        """GitLab finds the figure in coverage's report."""
        pattern = yaml.safe_load((EXAMPLES / "coverage" / ".gitlab-ci.yml").read_text("utf-8"))["unittest"]["coverage"]
        report = (EXAMPLES / "coverage" / "report.console").read_text("utf-8")
        self.assertEqual(re.findall(pattern.strip("/"), report, re.MULTILINE), ["85"])


def run_script(job: tuple[Path, tuple[str, ...]]) -> list[str]:
    """Run commands in a copy of an example, and return what each prints."""
    example, script = job
    with tempfile.TemporaryDirectory() as folder:
        copy = shutil.copytree(example, Path(folder, "copy"))
        return [run_command(command, copy, COVERAGE_FILE=str(Path(folder, "coverage"))) for command in script]


def jobs() -> Iterator[tuple[Path, str, dict[str, Any]]]:
    """Yield each job: its file, its name, and what it is; GitLab's with what they share."""
    for path in (EXAMPLES / project / name for project in ("coverage", "songs") for name in PIPELINES):
        document = yaml.safe_load(path.read_text("utf-8"))
        shared = document.pop("default", {})
        for name, job in document.get("jobs", document).items():
            yield path, name, shared | job


def commands_of(job: dict[str, Any]) -> list[str]:
    """Return the commands of a job of GitHub's or GitLab's."""
    if "steps" in job:
        return [step["run"] for step in job["steps"] if "run" in step]
    return [*job["before_script"], *job["script"]]


def example_of(path: Path) -> Path:
    """Return the folder of the example that a file belongs to."""
    return EXAMPLES / path.relative_to(EXAMPLES).parts[0]
