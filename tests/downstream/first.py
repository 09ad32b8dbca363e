"""The projects of this repository whose suites are written as users write them."""

from tests.downstream.suite import Project
from tests.examples import EXAMPLES

__all__ = ["first_projects", "migrated"]

_STRICT = ("-W", "error")

_BROKEN = {"3_failure"}
"""The state of the tutorial in which the reader sees a test fail."""


def first_projects() -> list[Project]:
    """Return the songs project, the migrated examples, and the states of the tutorial whose tests pass."""
    songs = EXAMPLES / "songs"
    states = sorted(path for path in (EXAMPLES / "tutorial").glob("[1-9]_*/") if path.name not in _BROKEN)
    return [
        Project("songs", songs, options=_STRICT),
        *migrated(),
        *(Project(f"tutorial/{state.name}", state, options=_STRICT) for state in states),
    ]


def migrated() -> list[Project]:
    """Return the suites of the migrated examples, which share the app in the folder above them."""
    folder = EXAMPLES / "migrating"
    names = sorted(path.name for path in folder.glob("from_*/"))
    return [Project(f"migrating/{name}", folder, f"{name}/after", _STRICT) for name in names]
