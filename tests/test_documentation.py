"""What the documentation shows is what the suite runs."""

import ast
import functools
import re
import unittest
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
EXAMPLES = DOCS / "examples"
PAGES = sorted(path for path in DOCS.rglob("*.rst") if "_build" not in path.parts)

INCLUDED = re.compile(r"^\s*\.\. literalinclude:: (\S+)", re.MULTILINE)
PYTHON = re.compile(r"^ *\.\. (?:code|code-block|sourcecode):: *(?:py|pycon|python|python3)?\n", re.MULTILINE)
"""A block of Python that no one runs: Sphinx runs those that begin with ``>>>`` and stand in no directive."""

LITERAL = re.compile(r"^(?! *\.\. ).*::\n\n", re.MULTILINE)
"""A paragraph that ends with two colons: what follows is code of a language that nobody has named."""

READ_BY_TOOLS = {"pyproject.toml", "pytest.ini", "ruff.toml"}


class ExampleFileTests(unittest.TestCase):
    """Each file in docs/examples is there for a reason."""

    def test_shown_or_run(self) -> None:
        """A page shows it, or the suite runs it: a test module, or what one of those names."""
        known = shown_files() | run_files()
        useless = [path for path in example_files() if path not in known and path.name not in READ_BY_TOOLS]
        self.assertEqual([str(path.relative_to(EXAMPLES)) for path in useless], [])

    def test_what_is_shown_exists(self) -> None:
        """A page shows no file that is not there."""
        self.assertEqual([str(path) for path in shown_files() if not path.is_file()], [])


class PageTests(unittest.TestCase):
    """Each page in docs."""

    def test_howto_has_an_example(self) -> None:
        """A how-to guide shows a file of an example."""
        for page in sorted({*(DOCS / "howto").glob("*.rst")} - {DOCS / "howto" / "index.rst"}):
            with self.subTest(page=page.name):
                self.assertTrue(any(path.is_relative_to(EXAMPLES) for path in included(page)))

    def test_python_is_run(self) -> None:
        """Python is a file or a doctest, which Sphinx runs, and every other block says of which language it is."""
        for page in PAGES:
            with self.subTest(page=str(page.relative_to(DOCS))):
                text = page.read_text("utf-8")
                self.assertEqual([*LITERAL.findall(text), *PYTHON.findall(text)], [])

    def test_parts(self) -> None:
        """What the life of a request goes through is in the file that the page names."""
        page = (DOCS / "explanation" / "life-of-a-request.rst").read_text("utf-8")
        parts = re.findall(r"([\w/]+\.py): ([A-Z]\w+)", page)
        self.assertEqual(len(parts), 6)
        for name, part in parts:
            with self.subTest(part=part):
                sources = [path.read_text("utf-8") for path in (ROOT / "fastapi_testing").rglob(name)]
                self.assertRegex("\n".join(sources), rf"\nclass {part}\b")

    def test_rules_find_something(self) -> None:
        """A block of Python is found, in a list too, and so is one that names no language; a directive is neither."""
        text = "One\n\n  .. code-block:: python\n\n      x = 1\n\nTwo::\n\n    y = 2\n\n.. code-block:: sh\n\n    ls\n"
        self.assertEqual(PYTHON.findall(text), ["  .. code-block:: python\n"])
        self.assertEqual(LITERAL.findall(text), ["Two::\n\n"])


def included(page: Path) -> set[Path]:
    """Return the files that a page shows."""
    return {(page.parent / name).resolve() for name in INCLUDED.findall(page.read_text("utf-8"))}


def shown_files() -> set[Path]:
    """Return the files that any page shows."""
    return set().union(*map(included, PAGES))


@functools.cache  # it is asked for each file
def example_files() -> list[Path]:
    """Return the files of the examples, but those that Python and its tools make."""
    caches = {"__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache"}
    return sorted(path for path in EXAMPLES.rglob("*") if path.is_file() and not caches & set(path.parts))


def run_files() -> set[Path]:
    """Return the test modules, and what they name, and what that names in turn."""
    waiting = [path for path in example_files() if path.name.startswith("test") and path.suffix == ".py"]
    waiting += {path.with_name("__init__.py") for path in waiting if path.with_name("__init__.py").exists()}
    found = set(waiting)
    while waiting:
        path = waiting.pop()
        new = named_in(path.read_text("utf-8"), example_of(path)) - found
        found |= new
        waiting += [path for path in new if path.suffix == ".py"]
    return found


def example_of(path: Path) -> Path:
    """Return the folder of the example that a file belongs to."""
    return EXAMPLES / path.relative_to(EXAMPLES).parts[0]


def named_in(source: str, example: Path) -> set[Path]:
    """Return the files of an example that a module imports, or has the name or the folder of in a string."""
    tree = ast.parse(source)
    imported, said = words_in(imports_in(tree)), words_in(strings_in(tree))
    return {path for path in example_files() if example in path.parents and is_named(path, example, imported, said)}


def is_named(path: Path, example: Path, imported: set[str], said: set[str]) -> bool:
    """Tell whether a file is among what was named: a module by its name, other files by their folder's too."""
    folders = path.parent.relative_to(example).parts
    if path.name == "__init__.py":
        return folders[-1] in imported | said
    is_module = path.suffix == ".py" and (not folders or path.with_name("__init__.py").exists())
    return path.stem in imported | said or not (is_module or said.isdisjoint(folders))


def words_in(texts: Iterator[str]) -> set[str]:
    """Return the words of texts, of which names of modules and of files are made."""
    return {word for text in texts for word in re.split(r"[^\w-]+", text)}


def imports_in(tree: ast.Module) -> Iterator[str]:
    """Yield what a module imports."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield node.module or ""
        if isinstance(node, ast.Import | ast.ImportFrom):
            yield from (alias.name for alias in node.names)


def strings_in(tree: ast.Module) -> Iterator[str]:
    """Yield the strings of a module, but its docstrings."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value
