"""The rooms of the house: imports point downward only."""

import ast
import unittest
from collections.abc import Iterator
from pathlib import Path

import fastapi_testing

PACKAGE = Path(fastapi_testing.__file__).parent

LAYERS = {"errors": 0, "server": 1, "client": 2, "assertions": 2, "case": 3, "standalone": 3, "databases": 4}
"""The layer of each room; an import may lead within a room or to a lower layer."""


def imports(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the module of every import, those for the type checker too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "." * node.level + (node.module or "")


def breaches(room: str, source: str) -> list[str]:
    """Return the imports of a module that its room may not make."""
    found = []
    for line, module in imports(source):
        package, _, rest = module.partition(".")
        target = rest.partition(".")[0]
        if not package:
            found.append(f"line {line}: the import is relative")
        elif package == "fastapi_testing" and target != room and LAYERS.get(target, 99) >= LAYERS[room]:
            found.append(f"line {line}: {room} (layer {LAYERS[room]}) imports {module}")
    return found


class LayerTests(unittest.TestCase):
    """The rule, and that it can fail."""

    def test_every_module(self) -> None:
        """No module imports from a room beside or above its own."""
        for path in sorted(PACKAGE.rglob("*.py")):
            relative = path.relative_to(PACKAGE)
            if relative.name == "__init__.py" and relative.parent == Path():
                continue  # the top re-exports all rooms
            with self.subTest(module=str(relative)):
                self.assertEqual(breaches(relative.parts[0].removesuffix(".py"), path.read_text("utf-8")), [])

    def test_every_room_has_a_layer(self) -> None:
        """A new room needs a place in the order."""
        rooms = {path.name.removesuffix(".py") for path in PACKAGE.glob("[!_]*") if path.suffix in ("", ".py")}
        self.assertEqual(rooms, set(LAYERS))

    def test_breaches_are_seen(self) -> None:
        """Imports upward, sideward, from the top and relative ones are told."""
        source = "import os\nfrom fastapi_testing.case import x\nimport fastapi_testing.client.http\n"
        source += "from fastapi_testing import Server\nfrom . import y\nfrom fastapi_testing.errors import z\n"
        self.assertEqual(
            breaches("assertions", source),
            [
                "line 2: assertions (layer 2) imports fastapi_testing.case",
                "line 3: assertions (layer 2) imports fastapi_testing.client.http",
                "line 4: assertions (layer 2) imports fastapi_testing",
                "line 5: the import is relative",
            ],
        )
