"""
Whether the files of this folder are those of one package.

PyPI has a package ``fastapi-testing`` of others, with the same import name. Installed beside this one, each writes over
the other's ``__init__.py``, and an import finds whichever came last.
"""

import os

__all__ = ["check_folder"]

_OTHERS = "async_fastapi_testing.py"
"""What the other package has, and this one has not."""


def check_folder(folder: str) -> None:
    """
    Refuse to go on in a folder that has files of the other package.

    Raises:
        ImportError: If it has; it says what to do.
    """
    if os.path.exists(f"{folder}/{_OTHERS}"):  # noqa: PTH110 - the import of pathlib is no business of a check
        raise ImportError(
            f"{folder} has files of two packages, fastapi-unittest and fastapi-testing of PyPI, which is another one "
            f"by the same import name: pip uninstall fastapi-testing fastapi-unittest, and install "
            f"fastapi-unittest again",
            name="fastapi_testing",
            path=folder,
        )


check_folder(os.path.dirname(__file__))  # noqa: PTH120 - as above
