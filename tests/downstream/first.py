"""The projects of this repository whose suites are written as users write them."""

from tests.downstream.suite import Project
from tests.processes import EXAMPLES

__all__ = ["first_projects", "migrated"]

_STRICT = ("-W", "error")


def first_projects() -> list[Project]:
    """Return the songs project and the migrated examples; tests of their own run the others."""
    return [Project("songs", EXAMPLES / "songs", options=_STRICT), *migrated()]


def migrated() -> list[Project]:
    """Return the suites of the migrated examples, which share the app in the folder above them."""
    folder = EXAMPLES / "migrating"
    names = sorted(path.name for path in folder.glob("from_*/"))
    return [Project(f"migrating/{name}", folder, f"{name}/after", _STRICT) for name in names]
