"""
Whose a file is, by what it is and not by where it lies: the user's own, a library's, or a framework's.

Libraries may lie anywhere: in the interpreter's own site-packages, in Debian's dist-packages, in a folder that ``pip
install --target`` has filled, in one folder each as with Bazel, in a zip. What they have in common is that their
metadata lies beside them in the entry of ``sys.path``, and says which files they have brought. What is installed to be
edited has none there, and is the user's own.

This is asked on event loops, while an exception is recorded, where a detector of blocking calls may be at work. So
paths are resolved when this module is imported, and compared as text then; what lies in an entry is looked at once.
"""

import contextlib
import functools
import os
import sys
import sysconfig
from collections.abc import Iterable, Iterator
from os import listdir, readlink  # as they are now: detectors of blocking calls put their own into `os` later

__all__ = ["is_frameworks", "is_packages", "is_users"]


def _folder(path: str) -> str:
    return os.path.normcase(path).rstrip(os.sep) + os.sep


def _spellings(*paths: str) -> tuple[str, ...]:
    """Return folders as they are called and as they are."""
    return tuple({_folder(each) for path in paths for each in (path, os.path.realpath(path))})


_PACKAGE = _spellings(os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))))

_STDLIB = _spellings(
    sysconfig.get_path("stdlib"),
    sysconfig.get_path("platstdlib"),
    os.path.dirname(sysconfig.__file__),  # the zip of an embedded Python
)

_CWD = os.getcwd()
"""What an empty entry of ``sys.path`` stands for."""

_SITES = tuple(f"{os.sep}{name}{os.sep}" for name in ("site-packages", "dist-packages"))
"""What folders are called that hold nothing but what was installed."""

_FRAMEWORKS = ("anyio", "fastapi", "starlette", "uvicorn", "uvloop")

_ALWAYS = (*_FRAMEWORKS, "h11", "httpcore", "httptools", "httpx", "httpx_sse", "pydantic", "sqlalchemy", "websockets")
"""What this package and the apps that it serves are made of: libraries, whatever brought them."""


@functools.cache
def is_users(file: str) -> bool:
    """Tell whether a file, as code objects name it, is the user's own."""
    if file.startswith("<"):
        return not file.startswith("<frozen ")  # exec() and its like run code of the user's, for all that is known
    path = _path_of(file)
    return not (path.startswith((*_PACKAGE, *_STDLIB)) or _is_of(path, _ALWAYS) or _is_installed(path))


@functools.cache
def is_frameworks(file: str) -> bool:
    """Tell whether a file is of this package, of a framework that serves apps, or of the standard library."""
    path = _path_of(file)
    if file.startswith("<frozen ") or path.startswith(_PACKAGE) or _is_of(path, _FRAMEWORKS):
        return True
    # What is installed may lie within the standard library's folder.
    return path.startswith(_STDLIB) and not any(site in path for site in _SITES)


def is_packages(file: str, room: str = "") -> bool:
    """Tell whether a file is of this package, or of one of its rooms."""
    return os.path.normcase(file).startswith(tuple(_folder(os.path.join(folder, room)) for folder in _PACKAGE))


def _path_of(file: str) -> str:
    """Return the path of a file; Cython names a source from where it compiled it: ``uvloop/loop.pyx``."""
    if file.endswith(".pyx") and not os.path.isabs(file):
        package = getattr(sys.modules.get(file.partition("/")[0]), "__file__", None)
        return os.path.normcase(package or file)
    return os.path.normcase(file)


def _is_of(path: str, packages: Iterable[str]) -> bool:
    """Tell whether a file is of one of these packages, wherever they were imported from."""
    files = [file for name in packages if (file := getattr(sys.modules.get(name), "__file__", None))]
    return path.startswith(tuple(_folder(os.path.dirname(file)) for file in files))


def _is_installed(path: str) -> bool:
    """Tell whether a distribution has brought a file."""
    entries = (_folder(entry or _CWD) for entry in sys.path if isinstance(entry, str))
    entry = max(filter(path.startswith, entries), key=len, default="")
    below = path[len(entry) :]
    if not entry or any(site in os.sep + below for site in _SITES):
        return any(site in path for site in _SITES)
    return _is_brought(entry, below.partition(os.sep)[0])


def _is_brought(folder: str, name: str) -> bool:
    """Tell whether a distribution has brought a package, or a module, in an entry of ``sys.path``."""
    target = _target(folder + name)
    if target is None:
        return any(site in folder for site in _SITES) or name in _names_brought(folder)
    # A link leads to what is edited, with flit, or to what is installed elsewhere, with Nix.
    return _is_brought(_folder(os.path.dirname(target)), os.path.basename(target))


def _target(link: str) -> str | None:
    """Return where a link leads to; None of what is none."""
    with contextlib.suppress(Exception):  # an OSError; or the error of a detector that was there before this module
        return os.path.normcase(os.path.normpath(os.path.join(os.path.dirname(link), readlink(link))))
    return None


@functools.cache
def _names_brought(folder: str) -> frozenset[str]:
    """Return what distributions have brought into a folder, or a zip."""
    import csv  # noqa: PLC0415 - for the few who have such folders

    found: set[str] = set()
    with contextlib.suppress(Exception):  # the same; what cannot be looked at is taken for the user's
        for metadata, record in _metadata(folder.rstrip(os.sep)):
            name = metadata.partition("-")[0].lower()
            found |= {name, f"{name}.py"}  # packagers may take the record away
            found |= {row[0].partition("/")[0] for row in csv.reader(record) if row}
    return frozenset(map(os.path.normcase, found))


def _metadata(entry: str) -> Iterator[tuple[str, Iterable[str]]]:
    """Yield the metadata of each distribution in an entry of ``sys.path``: what it is called, and its record."""
    try:
        names = listdir(entry)
    except NotADirectoryError:
        yield from _metadata_in_zip(entry)
        return
    for name in names:
        if name.endswith(".dist-info"):
            yield name, _lines(os.path.join(entry, name, "RECORD"))


def _metadata_in_zip(file: str) -> Iterator[tuple[str, Iterable[str]]]:
    import zipfile  # noqa: PLC0415 - for fewer

    with zipfile.ZipFile(file) as archive:
        for path in archive.namelist():
            name, _, rest = path.partition("/")
            if name.endswith(".dist-info") and rest == "RECORD":
                yield name, archive.read(path).decode().splitlines()


def _lines(file: str) -> Iterable[str]:
    try:
        with open(file, encoding="utf-8") as record:
            return [*record]
    except OSError:
        return ()
