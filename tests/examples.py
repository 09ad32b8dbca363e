"""Running what docs/examples holds, as its reader would run it."""

import os
import subprocess
import sys
from pathlib import Path

__all__ = ["EXAMPLES", "run_python"]

_ROOT = Path(__file__).parent.parent

EXAMPLES = _ROOT / "docs" / "examples"


def run_python(*arguments: str, folder: Path, typed: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a folder, without writing anything beside what is there; both its outputs are in ``stdout``."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=folder,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(_ROOT)} | environment,
        input=typed,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=120,
        check=False,
    )
