"""The tutorial: each state of the shop prints what the page shows, and grows out of the one before."""

import os
import re
import unittest
from pathlib import Path

from tests.processes import EXAMPLES, run_python, side_by_side

TUTORIAL = EXAMPLES / "tutorial"


def printed(state: Path) -> str:
    """Run the tests of a state, and return what they print in a folder of the reader's, whichever Python it is."""
    text = run_python("-W", "error", "-m", "unittest", folder=state).stdout
    text = text.replace(f"{state}{os.sep}", "/home/ada/shop/")
    return re.sub(r"^ *[~^]+\n", "", text, flags=re.MULTILINE)  # each Python underlines in its own way


def without_time(text: str) -> str:
    """Return the text without the seconds that the tests took."""
    return re.sub(r"in \d+\.\d+s", "in ...s", text)


class TutorialTests(unittest.TestCase):
    """Its states, one folder after the other."""

    maxDiff = None

    def test_outputs(self) -> None:
        """Each state prints what its ``output.txt`` says, but for the time."""
        states = sorted(TUTORIAL.glob("[1-9]_*/"))
        self.assertEqual(len(states), 5)
        for state, text in zip(states, side_by_side(printed, states), strict=True):
            with self.subTest(state=state.name):
                shown = (state / "output.txt").read_text("utf-8")
                self.assertEqual(without_time(text), without_time(shown))

    def test_reader_only_adds(self) -> None:
        """As long as the page says to add to a file, the file begins as it was."""
        for before, after in [("1_first_test", "2_four_tests"), ("2_four_tests", "4_websocket")]:
            with self.subTest(after=after):
                written = (TUTORIAL / before / "test_shop.py").read_text("utf-8")
                self.assertTrue((TUTORIAL / after / "test_shop.py").read_text("utf-8").startswith(written))

    def test_reader_breaks_only_two_lines(self) -> None:
        """The broken shop lacks the two lines that the page says to take out, and its tests are as they were."""
        sound, broken = (TUTORIAL / "2_four_tests", TUTORIAL / "3_failure")
        lines = (sound / "shop.py").read_text("utf-8").splitlines()
        start = lines.index("    if number not in items:")
        del lines[start : start + 2]
        self.assertEqual((broken / "shop.py").read_text("utf-8").splitlines(), lines)
        self.assertEqual((broken / "test_shop.py").read_text("utf-8"), (sound / "test_shop.py").read_text("utf-8"))


if __name__ == "__main__":  # pragma: no cover - writes the outputs anew: python -m tests.test_tutorial
    for folder in sorted(TUTORIAL.glob("[1-9]_*/")):
        (folder / "output.txt").write_text(printed(folder), "utf-8")
