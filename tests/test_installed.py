"""The other package of the same import name."""

import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

import fastapi_testing
from fastapi_testing.installed import check_folder

PACKAGE = Path(fastapi_testing.__file__).parent


class InstalledTests(unittest.TestCase):
    """Files of two packages in one folder."""

    def setUp(self) -> None:
        """Make a folder as pip does that installs both."""
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.folder = self.root / "fastapi_testing"
        self.folder.mkdir()
        (self.folder / "async_fastapi_testing.py").write_text("AsyncTestServer = object\n")
        self.message = (
            f"{self.folder} has files of two packages, fastapi-unittest and fastapi-testing of PyPI, which is another "
            f"one by the same import name: pip uninstall fastapi-testing fastapi-unittest, and install "
            f"fastapi-unittest again"
        )

    def test_refused(self) -> None:
        """A folder with files of the other package is refused, with what to do; one without is not."""
        with self.assertRaises(ImportError) as raised:
            check_folder(str(self.folder))
        self.assertEqual(str(raised.exception), self.message)
        self.assertEqual((raised.exception.name, raised.exception.path), ("fastapi_testing", str(self.folder)))
        check_folder(str(self.root))

    def test_imports(self) -> None:
        """So it is whoever wrote ``__init__.py`` last."""
        shutil.copy(PACKAGE / "installed.py", self.folder)
        for room in ("assertions", "server"):
            (self.folder / room).mkdir()
            shutil.copy(PACKAGE / room / "__init__.py", self.folder / room)
        theirs = "from fastapi_testing.async_fastapi_testing import AsyncTestServer\n"
        ours = (PACKAGE / "__init__.py").read_text("utf-8")
        for whose, text, module in (
            ("theirs", theirs, "fastapi_testing.server"),
            ("theirs", theirs, "fastapi_testing.assertions"),
            ("ours", ours, "fastapi_testing"),
        ):
            with self.subTest(whose, module=module):
                (self.folder / "__init__.py").write_text(text, "utf-8")
                command = [
                    sys.executable,
                    "-S",
                    "-c",
                    f"import sys; sys.path[:] = {[str(self.root), *_stdlib()]}; import {module}",
                ]
                done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, cwd=self.root)
                self.assertEqual(done.stderr.splitlines()[-1:], [f"ImportError: {self.message}"])


def _stdlib() -> list[str]:
    return [path for path in sys.path if path and "site-packages" not in path and path != str(PACKAGE.parent)]
