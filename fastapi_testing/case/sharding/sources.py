"""What FASTAPI_TESTING_TIMINGS names: one file that runs write, or reports that they have written."""

import glob
import os
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from fastapi_testing.case.sharding.reports import Tests, read_junit, read_subunit
from fastapi_testing.case.sharding.timings import Timings
from fastapi_testing.errors import ConfigurationError

__all__ = ["KEY", "Sources"]

KEY = "FASTAPI_TESTING_TIMINGS"

_SUFFIXES = (".json", ".subunit", ".xml")
"""By which files of a folder are known."""

_SUBUNIT = b"\xb3"
"""With which each packet of a subunit stream begins."""

_MISSING = (
    "a file that is there, as all shards have to plan by the same times: a run of the whole suite writes it, "
    "and a file with {} in it stands for none yet"
)


@dataclass
class Sources:
    """
    What classes took, by the files that the environment names.

    Attributes:
        given: What the environment says.
        written: The file that this run writes what it measures to; None where there are several, or they are reports.
        timings: What files of this package's format say.
        tests: What reports of other runners say.
    """

    given: str
    written: Path | None = None
    timings: Timings = field(default_factory=Timings)
    tests: Tests = field(default_factory=dict)

    @classmethod
    def from_environment(cls, *, is_shard: bool) -> Self | None:
        """
        Read what the environment names; None where it names nothing.

        Args:
            is_shard: Whether other machines read it too, and so it has to be there.

        Raises:
            ConfigurationError: If something is not there, or is not what can be read.
        """
        given = os.environ.get(KEY)
        if not given:
            return None
        only = Path(given)
        if only.suffix == ".json" and not only.exists() and not glob.has_magic(given) and not is_shard:
            return cls(given, only)
        return cls.read(given)

    @classmethod
    def read(cls, given: str) -> Self:
        """
        Read what is named, each as a file, by its folder, or by a pattern.

        Raises:
            ConfigurationError: If something is not there, or is not what can be read.
        """
        sources, only = cls(given), Path(given)
        for path in _files(given):
            if sources._read(path) and path == only:
                sources.written = path
        if sources.written is None:
            sources.timings.take_in()
        return sources

    @property
    def has_times(self) -> bool:
        """Whether the files say anything."""
        return bool(self.tests or self.timings.classes)

    @property
    def reported(self) -> dict[str, float]:
        """What classes took by reports."""
        seconds: dict[str, float] = {}
        for (owner, _), taken in sorted(self.tests.items()):
            seconds[owner] = seconds.get(owner, 0.0) + taken
        return seconds

    def seconds_of(self, units: Collection[str]) -> dict[str, float]:
        """
        Return what those of these classes took that are known.

        What this package has measured counts before reports. A report may have another idea of where the names of
        modules begin: what ends in the same way is the same, if nothing else does.
        """
        known = self.reported | {name: taken.seconds for name, taken in self.timings.classes.items()}
        return {unit: known[name] for unit in units if (name := _find(unit, known)) is not None}

    def _read(self, path: Path) -> bool:
        """Read a file; return whether it is one that runs of this package write."""
        try:
            content = path.read_bytes()
        except OSError as exc:
            raise ConfigurationError(str(path), f"a file that can be read ({exc.strerror})") from None
        begin = content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1]
        if begin == b"{":
            self.timings.add(Timings.parse(content, path))
            return True
        if begin not in (b"<", _SUBUNIT):
            raise ConfigurationError(str(path), "timings in JSON, a report in JUnit's XML, or a subunit stream")
        tests = read_junit(content, path) if begin == b"<" else read_subunit(content, path)
        for test, seconds in tests.items():  # of several reports of a test, the longest counts
            self.tests[test] = max(self.tests.get(test, 0.0), seconds)
        return False


def _files(given: str) -> Iterator[Path]:
    """Yield the files that are named, each as a file, by its folder, or by a pattern."""
    for part in filter(None, given.split(os.pathsep)):
        path = Path(part)
        if path.is_dir():
            found = sorted(each for each in path.rglob("*") if each.suffix in _SUFFIXES and each.is_file())
            expected = f"a folder that has files whose names end on {', '.join(_SUFFIXES)}"
        elif path.exists():
            found, expected = [path], ""
        else:
            found = sorted(map(Path, glob.glob(part, recursive=True)))  # noqa: PTH207 - a pattern may be absolute
            missing = _MISSING if path.suffix == ".json" else "a file that is there; one that runs write ends on .json"
            expected = "a pattern of files that are there" if glob.has_magic(part) else missing
        if not found:
            raise ConfigurationError("environment", expected, KEY, given)
        yield from found


def _find(unit: str, known: Collection[str]) -> str | None:
    """Return the name by which a class is known."""
    if unit in known:
        return unit
    found = [name for name in known if name.endswith(f".{unit}") or ("." in name and unit.endswith(f".{name}"))]
    return found[0] if len(found) == 1 else None
