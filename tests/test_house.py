"""The page that a new maintainer reads first says what is so: the rooms, their floors, and a request's way."""

import ast
import re
import unittest

from tests.test_documentation import DOCS
from tests.test_layers import FLOORS, PACKAGE, floor, rooms

PAGE = (DOCS / "explanation" / "the-house.rst").read_text("utf-8")

_STEP = re.compile(r"^#\. ``(\S+\.py)``: ``(\w+)``", re.MULTILINE)
_HARD = re.compile(r"^\* ``(\S+)/(\w+\.py)``(?: and ``(\w+\.py)``)?: ", re.MULTILINE)
_DRAWN = re.compile(r"\b(\w+)(?:/|\.py)(?=\s)")


class HouseTests(unittest.TestCase):
    """The page against the package."""

    maxDiff = None

    def test_rooms(self) -> None:
        """The table has every room, with its floor and the sentence of its ``__init__``, and no other one."""
        expected = []
        for room, folder in rooms():
            if room:
                above, _, name = room.rpartition(".")
                docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""
                expected.append((room, str(floor(above, name)), docstring.partition("\n")[0]))
        rows = re.findall(r"^   \* - ``(\S+)``\n     - (\d+)\n     - (.+)$", PAGE, re.MULTILINE)
        self.assertEqual(rows, expected)

    def test_floors(self) -> None:
        """The list has the floors of each room that has some, from the ground up."""
        for room, floors in FLOORS.items():
            with self.subTest(room=room):
                shown = " → ".join(", ".join(f"``{name}``" for name in names) for names in floors)
                self.assertIn(f"\n* {f'``{room}``' if room else 'The house'}: {shown}\n", PAGE)

    def test_drawing(self) -> None:
        """The drawing has what is on each floor of the house."""
        drawn = re.findall(r"^    (\d) {3}(.+)$", PAGE, re.MULTILINE)
        self.assertEqual(
            {int(number): {*_DRAWN.findall(f"{line} ")} for number, line in drawn},
            {number: {*names} for number, names in enumerate(FLOORS[""])},
        )

    def test_way(self) -> None:
        """A request's way has ten steps, and the file of each has the class or function that it names."""
        steps = _STEP.findall(PAGE)
        self.assertEqual(len(steps), 10)
        for file, name in steps:
            with self.subTest(file=file):
                self.assertIn(name, _defined(file))

    def test_hard_places(self) -> None:
        """What the page calls hard begins with a theory of operation."""
        files = [f"{room}/{name}" for room, *names in _HARD.findall(PAGE) for name in names if name]
        self.assertEqual(len(files), 8)
        for file in files:
            with self.subTest(file=file):
                docstring = ast.get_docstring(ast.parse((PACKAGE / file).read_text("utf-8"))) or ""
                self.assertIn("\n\nTheory of operation\n-------------------\n\n", docstring)
                self.assertIn("\nWhat is never so:", docstring)


def _defined(file: str) -> set[str]:
    """Return the names of the classes and functions at the top of a file."""
    kinds = (ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.parse((PACKAGE / file).read_text("utf-8")).body if isinstance(node, kinds)}
