"""The certificates of a run, of an authority that nobody else trusts: made when the first of them is needed."""

import functools
import os
import tempfile
import threading
from importlib import import_module
from pathlib import Path
from typing import Any

from fastapi_testing.server.tls.folder import make_folder

__all__ = ["Authority", "run_authority"]

_making = threading.Lock()


class Authority:
    """
    A certificate authority, and the files with what it has issued.

    The folder with the files is this user's alone, and goes when the process ends. That of a process which was killed
    goes when the next one makes its own.

    Attributes:
        certificate: The PEM file with its own certificate.

    Raises:
        ModuleNotFoundError: If trustme is not installed; it says how to install it.
    """

    def __init__(self) -> None:
        trustme = _import_trustme()
        self._authority = trustme.CA(organization_name="fastapi_testing")
        self._folder = make_folder()
        self._issued: dict[tuple[str | None, tuple[str, ...]], Path] = {}
        self.certificate: Path = self._write(self._authority.cert_pem.bytes())

    def issue(self, *names: str, common_name: str | None = None) -> Path:
        """
        Return a PEM file with a certificate and its key; the same for the same names.

        Args:
            names: Host names, IP addresses and e-mail addresses that the certificate is for.
            common_name: What it says besides, for those who look at that.
        """
        key = common_name, names
        if key not in self._issued:
            issued = self._authority.issue_cert(*names, common_name=common_name, organization_name="fastapi_testing")
            self._issued[key] = self._write(issued.private_key_and_cert_chain_pem.bytes())
        return self._issued[key]

    def _write(self, pem: bytes) -> Path:
        # A name that is free: processes that were forked from one another share the folder.
        descriptor, name = tempfile.mkstemp(".pem", dir=self._folder)
        with os.fdopen(descriptor, "wb") as file:
            file.write(pem)
        return Path(name)


def run_authority() -> Authority:
    """Return the authority of this process, the same for all of its servers."""
    with _making:
        return _make_authority()


@functools.cache
def _make_authority() -> Authority:
    return Authority()


def _import_trustme() -> Any:
    try:
        return import_module("trustme")
    except ModuleNotFoundError as exc:
        if exc.name != "trustme":
            raise
        raise ModuleNotFoundError(
            "certificates for TLS are made by the module trustme: pip install 'fastapi-unittest[tls]'", name="trustme"
        ) from None
