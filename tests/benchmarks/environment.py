"""Where and with what was measured."""

import os
import platform
from importlib.metadata import PackageNotFoundError, version

__all__ = ["describe_environment"]

_PACKAGES = ("fastapi", "uvicorn", "starlette", "httpx", "httpx2", "httptools", "websockets", "aiohttp")


def describe_environment() -> dict[str, str]:
    """Return the Python, the machine and the versions of the libraries, by name; what is missing is left out."""
    machine = f"{platform.system()} {platform.machine()} with {os.cpu_count()} cores"
    return {platform.python_implementation(): platform.python_version(), "machine": machine} | _versions()


def _versions() -> dict[str, str]:
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = version(package)
        except PackageNotFoundError:
            continue
    return versions
