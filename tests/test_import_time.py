"""What `import fastapi_testing` loads: no more than the libraries it is made of, and a little of the stdlib."""

import json
import subprocess
import sys
import unittest

EXTRAS = frozenset(
    {
        "aiosqlite",
        "coverage",
        "hypothesis",
        "jsonschema",
        "openapi_spec_validator",
        "pytest",
        "requests",
        "sqlalchemy",
        "sqlmodel",
        "trustme",
        "uvloop",
    }
)
"""What is imported when it is used."""

LIBRARIES = "import fastapi, uvicorn, httpx, websockets, websockets.asyncio.client, httptools"

PROGRAM = """
import json, sys
{libraries}
before = set(sys.modules)
import fastapi_testing
print(json.dumps([sorted(before), sorted(sys.modules)]))
"""


def loaded() -> tuple[set[str], set[str]]:
    """Return the modules of the libraries, and those after importing the framework, in a fresh process."""
    command = [sys.executable, "-c", PROGRAM.format(libraries=LIBRARIES)]
    output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    before, after = json.loads(output)
    return set(before), set(after)


class ImportTests(unittest.TestCase):
    """What an import costs is what it imports."""

    def test_modules(self) -> None:
        """The framework adds itself, httpx-sse, and what of the libraries and the stdlib a test needs anyway."""
        before, after = loaded()
        added = {name.partition(".")[0] for name in after - before}
        self.assertIn("fastapi_testing", added)
        third_party = {name for name in added if name not in sys.stdlib_module_names}
        self.assertLessEqual(
            third_party, {"fastapi_testing", "fastapi", "httpx_sse", "starlette", "uvicorn", "websockets"}
        )
        self.assertFalse(EXTRAS & added)
