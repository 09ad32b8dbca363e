"""Whose a file is, wherever libraries lie."""

import asyncio
import json
import os
import sys
import tempfile
import unittest
import zipfile
from pathlib import Path
from types import ModuleType
from unittest.mock import patch

import starlette.routing
import uvicorn
from blockbuster import blockbuster_ctx

from fastapi_testing.server.recording import libraries
from fastapi_testing.server.recording.libraries import is_frameworks, is_packages, is_users

RECORD = 'brotly.py,sha256=x,1\nbrotly/__init__.py,,\n"pine, apple.py",,\nfruit-1.0.dist-info/RECORD,,\n'


class LibrariesTestCase(unittest.TestCase):
    """A folder for packages, which ``sys.path`` names."""

    def setUp(self) -> None:
        self.folder = Path(os.path.realpath(self.enterContext(tempfile.TemporaryDirectory())))
        for function in (is_users, is_frameworks, libraries._names_brought):
            function.cache_clear()
            self.addCleanup(function.cache_clear)

    def entry(self, name: str) -> Path:
        """Make an entry of ``sys.path``, with a distribution in it."""
        entry = self.folder / name
        metadata = entry / "fruit-1.0.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "RECORD").write_text(RECORD, "utf-8")
        self.enter(entry)
        return entry

    def enter(self, *entries: object) -> None:
        """Put entries on ``sys.path``."""
        self.enterContext(patch.object(sys, "path", [*sys.path, *map(str, entries)]))

    def users(self, *paths: Path) -> list[bool]:
        """Tell of each file whether it is the user's."""
        return [is_users(str(path)) for path in paths]


class PlaceTests(LibrariesTestCase):
    """Where they come from."""

    def test_what_everything_is_made_of(self) -> None:
        """The standard library, this package and what it is made of are not the user's; these tests are."""
        for file in (json.__file__, libraries.__file__, starlette.routing.__file__, "<frozen importlib._bootstrap>"):
            with self.subTest(file=file):
                self.assertFalse(is_users(file))
                self.assertTrue(is_frameworks(file))
        for file in (__file__, "<string>", "shop.py"):
            with self.subTest(file=file):
                self.assertTrue(is_users(file))
                self.assertFalse(is_frameworks(file))

    def test_site_packages(self) -> None:
        """What is installed is no more the user's, be it in an entry of the path or not; nor is it a framework's."""
        for name in ("site-packages", "dist-packages"):
            path = self.folder / name / "brotly.py"
            with self.subTest(name=name):
                self.assertFalse(is_users(str(path)))
                self.assertFalse(is_frameworks(str(path)))
                self.enter(path.parent)
                is_users.cache_clear()
                self.assertFalse(is_users(str(path)))

    def test_site_packages_of_the_standard_library(self) -> None:
        """The folder of what is installed may lie in the standard library's."""
        folder = Path(json.__file__).parents[1]
        self.assertFalse(is_frameworks(str(folder / "site-packages" / "brotly.py")))

    def test_environment_in_the_project(self) -> None:
        """A virtual environment that lies in an entry of the path is none of the user's code."""
        self.enter(self.folder)
        self.assertEqual(self.users(self.folder / ".venv" / "lib" / "site-packages" / "brotly.py"), [False])

    def test_target(self) -> None:
        """In a folder of its own, what a distribution has brought is a library, and what lies beside it is not."""
        entry = self.entry("packages")
        paths = [entry / name for name in ("brotly.py", "brotly/decoder.py", "pine, apple.py", "pine.py", "shop.py")]
        self.assertEqual(self.users(*paths), [False, False, False, True, True])
        self.assertEqual([is_frameworks(str(path)) for path in paths], [False] * 5)

    def test_without_record(self) -> None:
        """Where the record was taken away, the name of the distribution stands for what it has brought."""
        entry = self.entry("packages")
        (entry / "fruit-1.0.dist-info" / "RECORD").unlink()
        self.assertEqual(
            self.users(entry / "fruit.py", entry / "fruit" / "apple.py", entry / "brotly.py"), [False, False, True]
        )

    def test_working_directory(self) -> None:
        """The empty entry of the path is the working directory."""
        entry = self.entry("packages")
        with patch.object(sys, "path", ["", None]), patch.object(libraries, "_CWD", str(entry)):
            self.assertEqual(self.users(entry / "brotly.py", entry / "shop.py"), [False, True])

    def test_zip(self) -> None:
        """In a zip, it is the same."""
        file = self.folder / "packages.zip"
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("fruit-1.0.dist-info/RECORD", RECORD)
            archive.writestr("fruit-1.0.dist-info/METADATA", "")
        self.enter(file)
        self.assertEqual(self.users(file / "brotly.py", file / "shop.py"), [False, True])

    def test_folder_that_is_gone(self) -> None:
        """What cannot be looked at is the user's."""
        gone = self.folder / "gone"
        self.enter(gone)
        self.assertEqual(self.users(gone / "shop.py"), [True])

    def test_frameworks_anywhere(self) -> None:
        """What apps are served with is known by its module, wherever that was imported from."""
        module = ModuleType("uvicorn")
        module.__file__ = str(self.folder / "uvicorn" / "__init__.py")
        with patch.dict(sys.modules, {"uvicorn": module}):
            path = str(self.folder / "uvicorn" / "server.py")
            self.assertFalse(is_users(path))
            self.assertTrue(is_frameworks(path))

    def test_compiled(self) -> None:
        """What Cython has compiled is named as it lay there, and is whose the package is."""
        names = ("uvicorn/loop.pyx", "shop/loop.pyx", "gone/loop.pyx", str(self.folder / "shop.pyx"))
        modules = {"uvicorn": ModuleType("uvicorn"), "shop": ModuleType("shop")}
        modules["uvicorn"].__file__ = str(self.folder / "uvicorn" / "__init__.py")
        modules["shop"].__file__ = str(self.folder / "shop" / "__init__.py")
        with patch.dict(sys.modules, modules):
            self.assertEqual([is_users(name) for name in names], [False, True, True, True])
            self.assertEqual([is_frameworks(name) for name in names], [True, False, False, False])

    @unittest.skipIf(sys.platform == "win32", "links take a privilege there")
    def test_links(self) -> None:
        """A link in site-packages leads to what is edited, which is the user's, or to what is installed elsewhere."""
        site, store = self.folder / "site-packages", self.entry("store")
        project = self.folder / "project"
        site.mkdir()
        (site / "shop").symlink_to(project / "shop")
        (site / "brotly.py").symlink_to(Path("..", "store", "brotly.py"))
        self.enter(site)
        self.assertEqual(self.users(site / "shop" / "main.py", site / "brotly.py"), [True, False])
        self.assertEqual(self.users(store / "brotly.py"), [False])

    def test_rooms(self) -> None:
        """A file is of this package, and of the room that it is in."""
        self.assertTrue(is_packages(libraries.__file__))
        self.assertTrue(is_packages(libraries.__file__, "server"))
        self.assertFalse(is_packages(libraries.__file__, "case"))
        self.assertFalse(is_packages(uvicorn.__file__))


class BlockingTests(LibrariesTestCase):
    """Detectors of blocking calls."""

    def test_on_an_event_loop(self) -> None:
        """Nothing is called on an event loop that a detector refuses, even where a folder is looked at."""
        entry = self.entry("packages")

        async def ask() -> list[bool]:
            return self.users(entry / "brotly.py", entry / "shop.py")

        with blockbuster_ctx():
            self.assertEqual(asyncio.run(ask()), [False, True])
