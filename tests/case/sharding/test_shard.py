"""The variables by which the engines of CI tell a machine its shard."""

import tempfile
import unittest
from pathlib import Path

from fastapi_testing.case.sharding.shard import Shard
from tests.case.sharding.environments import environment


class EnvironmentTests(unittest.TestCase):
    """The variables."""

    def test_none(self) -> None:
        """Without the variables there is no shard."""
        with environment():
            self.assertIsNone(Shard.from_environment())

    def test_both(self) -> None:
        """The variables say which shard it is."""
        with environment(TEST_TOTAL_SHARDS="4", TEST_SHARD_INDEX="3"):
            self.assertEqual(Shard.from_environment(), Shard(3, 4))

    def test_status_file(self) -> None:
        """Bazel's file is made, and says that shards are supported."""
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder, "status")
            with environment(TEST_SHARD_STATUS_FILE=str(file)):
                Shard.from_environment()
            self.assertTrue(file.exists())

    def test_engines(self) -> None:
        """Each engine has names of its own, and GitLab counts from 1."""
        for variables, shard in [
            ({"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "3"}, Shard(0, 3)),
            ({"CI_NODE_INDEX": "3", "CI_NODE_TOTAL": "3", "CI_JOB_NAME": "tests 3/3"}, Shard(2, 3)),
            ({"CIRCLE_NODE_INDEX": "0", "CIRCLE_NODE_TOTAL": "4"}, Shard(0, 4)),
            ({"BUILDKITE_PARALLEL_JOB": "4", "BUILDKITE_PARALLEL_JOB_COUNT": "5"}, Shard(4, 5)),
            ({"JOB_COMPLETION_INDEX": "2", "TEST_TOTAL_SHARDS": "3"}, Shard(2, 3)),
        ]:
            with self.subTest(variables), environment(**variables):
                self.assertEqual(Shard.from_environment(), shard)

    def test_whole_suites(self) -> None:
        """A job that is one of a kind runs everything, and so do those of a matrix, which differ in something else."""
        for variables in [
            {"CI_NODE_TOTAL": "1"},  # GitLab without `parallel`
            {"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "2", "CI_JOB_NAME": "tests: [3.11]"},
            {"CIRCLE_NODE_INDEX": "0", "CIRCLE_NODE_TOTAL": "1"},  # CircleCI without `parallelism`
        ]:
            with self.subTest(variables), environment(**variables):
                self.assertIsNone(Shard.from_environment())

    def test_bazels_come_first(self) -> None:
        """What the user says in Bazel's variables is so, whatever the engine says of the job."""
        ours = {"TEST_TOTAL_SHARDS": "3", "TEST_SHARD_INDEX": "2"}
        for variables in [
            {"CI_NODE_INDEX": "5", "CI_NODE_TOTAL": "6", "CI_JOB_NAME": "tests: [3.13, 2]"},
            {"CIRCLE_NODE_INDEX": "0", "CIRCLE_NODE_TOTAL": "4"},
            {"JOB_COMPLETION_INDEX": "7"},
        ]:
            with self.subTest(variables), environment(**ours, **variables):
                self.assertEqual(Shard.from_environment(), Shard(2, 3))

    def test_agent_in_a_job_of_kubernetes(self) -> None:
        """The engine's variables are for the job; those of the pod, in which its agent runs, are not."""
        with environment(JOB_COMPLETION_INDEX="7", BUILDKITE_PARALLEL_JOB="0", BUILDKITE_PARALLEL_JOB_COUNT="2"):
            self.assertEqual(Shard.from_environment(), Shard(0, 2))

    def test_two_engines(self) -> None:
        """Two that say the same will do, and of two that do not, nobody knows which is right."""
        variables = {"CIRCLE_NODE_INDEX": "0", "CIRCLE_NODE_TOTAL": "3", "CI_NODE_TOTAL": "3"}
        with environment(**variables, CI_NODE_INDEX="1"):
            self.assertEqual(Shard.from_environment(), Shard(0, 3))
        message = "CI_NODE_INDEX and CIRCLE_NODE_INDEX ask for different shards (1 of 3, 0 of 3): "
        with environment(**variables, CI_NODE_INDEX="2"), self.assertRaises(ValueError) as caught:
            Shard.from_environment()
        self.assertEqual(str(caught.exception), f"{message}set TEST_SHARD_INDEX and TEST_TOTAL_SHARDS")

    def test_mistakes(self) -> None:
        """Each mistake says which variable is wrong, and how."""
        index, total = "TEST_SHARD_INDEX", "TEST_TOTAL_SHARDS"
        too_far = (
            f"{index} is 4 and {total} is 4: shards are counted from 0, so the index has to be less than their number"
        )
        mistakes: list[tuple[dict[str, str], str]] = [
            ({index: "1"}, f"{total} is not set: {index} and {total} go together"),
            ({total: "1"}, f"{index} is not set: {index} and {total} go together"),
            ({total: "4", index: ""}, f"{index} has to be a number, got ''"),
            ({total: "four", index: "1"}, f"{total} has to be a number, got 'four'"),
            ({total: "4", index: "-1"}, f"{index} has to be a number, got '-1'"),
            ({total: "4", index: "4"}, too_far),
            (
                {"CI_NODE_INDEX": "0", "CI_NODE_TOTAL": "3"},
                (
                    "CI_NODE_INDEX is 0 and CI_NODE_TOTAL is 3: GitLab counts from 1, so the index has to be from 1 to "
                    "their number"
                ),
            ),
            ({"CI_NODE_INDEX": "1"}, "CI_NODE_TOTAL is not set: CI_NODE_INDEX and CI_NODE_TOTAL go together"),
            (
                {"BUILDKITE_PARALLEL_JOB": "1"},
                (
                    "BUILDKITE_PARALLEL_JOB_COUNT is not set: "
                    "BUILDKITE_PARALLEL_JOB and BUILDKITE_PARALLEL_JOB_COUNT go together"
                ),
            ),
            (
                {"JOB_COMPLETION_INDEX": "2"},
                (
                    "JOB_COMPLETION_INDEX is 2, and Kubernetes does not tell of how many: set TEST_TOTAL_SHARDS to the "
                    "completions of the Job; or unset JOB_COMPLETION_INDEX to run all tests"
                ),
            ),
            (
                {"JOB_COMPLETION_INDEX": "3", total: "3"},
                (
                    "JOB_COMPLETION_INDEX is 3 and TEST_TOTAL_SHARDS is 3: "
                    "shards are counted from 0, so the index has to be less than their number"
                ),
            ),
        ]
        for variables, message in mistakes:
            with self.subTest(variables), environment(**variables), self.assertRaises(ValueError) as caught:
                Shard.from_environment()
            self.assertEqual(str(caught.exception), message)
