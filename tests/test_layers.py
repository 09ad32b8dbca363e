"""The rooms of the house, and the rooms within them: imports point downward only."""

import ast
import graphlib
import unittest
from collections.abc import Iterator
from pathlib import Path

import fastapi_testing

PACKAGE = Path(fastapi_testing.__file__).parent

FLOORS: dict[str, tuple[tuple[str, ...], ...]] = {
    "": (
        ("errors", "hints", "installed", "masking"),
        ("server",),
        ("assertions", "client"),
        ("case", "httpx2", "standalone"),
        ("databases", "timings"),
    ),
    "server": (
        ("aborting", "application", "cancelling", "clock", "statuses"),
        ("routing",),
        ("recording",),
        ("threads", "tls"),
        ("serving",),
    ),
    "client": (("library",), ("transport",), ("wrappers",), ("events", "websocket"), ("http",)),
    "assertions": (
        ("comparing", "extras"),
        ("describing",),
        ("eventually", "http", "json", "websocket"),
        ("events", "openapi"),
    ),
    "case": (("named", "where"), ("mistakes",), ("loops", "overrides"), ("guards",), ("served", "sharding")),
    "databases": (("provision", "statements"), ("baselines", "templates"), ("isolation",), ("database",), ("mixin",)),
}
"""
What is in the house, and in each room that has rooms of its own, from the ground up; files stand beside rooms.

An import may lead within a room, or to a lower floor of the room that both are in: never to one beside it. Where no
floors are given, the files of a room may import one another in any direction but a circle.
"""

ROOM_FOR = 13
"""Files in a folder, its ``__init__`` included: about a dozen."""


def imports(source: str) -> Iterator[tuple[int, str]]:
    """Yield the line and the module of every import, those for the type checker too."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.lineno, _module_of("." * node.level + (node.module or ""), alias.name)


def _module_of(package: str, name: str) -> str:
    """Return what ``from package import name`` imports: a module of this package, or something in one."""
    module = f"{package}.{name}"
    is_module = (PACKAGE.parent / module.replace(".", "/")).with_suffix(".py").is_file()
    return module if is_module else package


def floor(room: str, name: str) -> int:
    """Return the floor on which something in a room is; what is not there is above all."""
    return next((number for number, names in enumerate(FLOORS[room]) if name in names), 99)


def breach(module: str, target: str) -> str | None:
    """Tell of an import of the package, both names without ``fastapi_testing``, that leads beside or above its own."""
    room = ""
    for own, other in zip(module.split("."), target.split("."), strict=False):
        if own != other:
            if other and room in FLOORS and floor(room, other) >= floor(room, own):
                return f"{room}{'.' if room else ''}{own} (floor {floor(room, own)}) imports {target}"
            break
        room = f"{room}.{own}" if room else own
    # A room re-exports what is in it: a module that imports its own room would import itself.
    return f"{module} imports the room it is in" if room == target or not target else None


def breaches(module: str, source: str) -> list[str]:
    """Return the imports of a module that the floors do not allow."""
    found = []
    for line, imported in imports(source):
        package, _, target = imported.partition(".")
        if not package:
            found.append(f"line {line}: the import is relative")
        elif package == "fastapi_testing" and (what := breach(module, target)) is not None:
            found.append(f"line {line}: {what}")
    return found


def modules() -> Iterator[tuple[str, Path]]:
    """Yield the modules of the package but its ``__init__`` files, which re-export what is below them."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.name != "__init__.py":
            yield ".".join(path.relative_to(PACKAGE).with_suffix("").parts), path


def rooms() -> Iterator[tuple[str, Path]]:
    """Yield the rooms of the package, with their folders; the package itself is the room without a name."""
    for path in sorted(PACKAGE.rglob("__init__.py")):
        yield ".".join(path.parent.relative_to(PACKAGE).parts), path.parent


class LayerTests(unittest.TestCase):
    """The rule, and that it can fail."""

    def test_every_module(self) -> None:
        """No module imports from a room beside or above its own."""
        for module, path in modules():
            with self.subTest(module=module):
                self.assertEqual(breaches(module, path.read_text("utf-8")), [])

    def test_no_circles(self) -> None:
        """The modules of the package import one another in no circle, whether or not a floor is given for them."""
        known = dict(modules())
        graph = {
            module: {target for _, name in imports(path.read_text("utf-8")) if (target := name[16:]) in known}
            for module, path in known.items()
        }
        self.assertEqual(len(list(graphlib.TopologicalSorter(graph).static_order())), len(known))

    def test_everything_has_its_floor(self) -> None:
        """A new room or file beside rooms needs a place in the order, and the order names nothing that is not there."""
        for room, folder in rooms():
            if room in FLOORS or any(path.is_dir() for path in folder.glob("[!_]*")):
                with self.subTest(room=room):
                    names = {path.stem for path in folder.glob("[!_]*") if path.suffix in ("", ".py")} - {"py.typed"}
                    self.assertEqual(names, {name for names in FLOORS.get(room, ()) for name in names})

    def test_every_room_says_what_it_promises(self) -> None:
        """The ``__init__`` of a room begins with one sentence."""
        for room, folder in rooms():
            with self.subTest(room=room):
                docstring = ast.get_docstring(ast.parse((folder / "__init__.py").read_text("utf-8"))) or ""
                self.assertRegex(docstring.partition("\n")[0], r"\A[A-Z].+\.\Z")

    def test_no_room_is_crowded(self) -> None:
        """A room has about a dozen files at most; one that outgrows this has rooms of its own."""
        for room, folder in rooms():
            with self.subTest(room=room):
                self.assertLessEqual(len(list(folder.glob("*.py"))), ROOM_FOR)

    def test_tests_mirror_the_rooms(self) -> None:
        """The tests of a room are in a folder of its name: those of a room within a room, too."""
        for room, _ in rooms():
            folder = PACKAGE.parent / "tests" / room.replace(".", "/")
            with self.subTest(room=room):
                self.assertTrue(any(folder.glob("test_*.py")) or any(folder.glob("*/test_*.py")), folder)

    def test_breaches_are_seen(self) -> None:
        """Imports upward, sideward, from the top and relative ones are told."""
        source = "import os\nfrom fastapi_testing.case import x\nimport fastapi_testing.client.http\n"
        source += "from fastapi_testing import Server\nfrom . import y\nfrom fastapi_testing.errors import z\n"
        self.assertEqual(
            breaches("assertions.extras", source),
            [
                "line 2: assertions (floor 2) imports case",
                "line 3: assertions (floor 2) imports client.http",
                "line 4: assertions.extras imports the room it is in",
                "line 5: the import is relative",
            ],
        )

    def test_breaches_within_a_room_are_seen(self) -> None:
        """So are those between the rooms of a room, and those of the room that a module is in."""
        source = "import fastapi_testing.client.http.client\nfrom fastapi_testing.client import x\n"
        source += "import fastapi_testing.client.events\nimport fastapi_testing.client.wrappers.origin\n"
        source += "import fastapi_testing.client.websocket.session\nimport fastapi_testing.client.websocket\n"
        self.assertEqual(
            breaches("client.websocket.messages", source),
            [
                "line 1: client.websocket (floor 3) imports client.http.client",
                "line 2: client.websocket.messages imports the room it is in",
                "line 3: client.websocket (floor 3) imports client.events",
                "line 6: client.websocket.messages imports the room it is in",
            ],
        )
