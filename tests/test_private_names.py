"""What the package uses of others' that they do not document: the documentation names all of it."""

import ast
import unittest
from collections.abc import Iterator
from pathlib import Path

import fastapi_testing
from fastapi_testing.case.loops.class_case import _PRIVATE_NAMES

PACKAGE = Path(fastapi_testing.__file__).parent
PAGE = PACKAGE.parent / "docs" / "explanation" / "private-names.rst"


def names(source: str) -> Iterator[tuple[str, bool]]:
    """Yield each name in a module, and whether it is made there or used."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
                yield name, True
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name, True
            case ast.Attribute(attr=name):
                yield name, False
            case ast.Call(func=ast.Name(id="getattr"), args=[_, ast.Constant(value=str(name)), *_]):
                yield name, False
            case ast.ImportFrom(module=str(module), names=imported):
                yield from ((alias.name, False) for alias in imported if "fastapi_testing" not in module)


def imports_of_uvicorn(source: str) -> list[str]:
    """Return what a module imports from inside of uvicorn."""
    imports = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.ImportFrom)]
    return [alias.name for node in imports if (node.module or "").startswith("uvicorn.") for alias in node.names]


class PrivateNameTests(unittest.TestCase):
    """The page and the package."""

    def setUp(self) -> None:
        self.sources = [path.read_text("utf-8") for path in sorted(PACKAGE.rglob("*.py"))]
        self.page = PAGE.read_text("utf-8")

    def test_underscores(self) -> None:
        """A name with an underscore that this package does not make itself is on the page."""
        found = [item for source in self.sources for item in names(source)]
        made = {name for name, is_made in found if is_made}
        private = {name for name, _ in found if name.startswith("_") and not name.startswith("__")} - made
        self.assertIn("_testMethodName", private)
        self.assertEqual(sorted(name for name in private if f"{name}``" not in self.page), [], f"{PAGE} lacks them")

    def test_uvicorn(self) -> None:
        """What is imported from inside of uvicorn is on the page."""
        imported = {name for source in self.sources for name in imports_of_uvicorn(source)}
        self.assertIn("LifespanOff", imported)
        self.assertEqual(sorted(name for name in imported if f"``{name}``" not in self.page), [], f"{PAGE} lacks them")

    def test_overridden_names(self) -> None:
        """The names of unittest that the import checks are on the page."""
        self.assertEqual([name for name in _PRIVATE_NAMES if f"``{name}``" not in self.page], [], f"{PAGE} lacks them")
