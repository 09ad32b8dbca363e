"""How a server speaks TLS: what a test class may say of it."""

from collections.abc import Sequence
from dataclasses import dataclass
from os import PathLike
from typing import Literal

__all__ = ["TLSOptions", "choose_tls"]

_Path = str | PathLike[str]

_GO_WITH = {
    "private_key": "certificate",
    "ca_certificate": "certificate",
    "client_ca_certificate": "client_certificates",
}
"""What says nothing without another."""


@dataclass(frozen=True, kw_only=True)
class TLSOptions:
    """
    How a server speaks TLS (RFC 8446), where ``tls = True`` does not say enough.

    Attributes:
        host_names: Names that the certificate is made for, besides ``127.0.0.1``, ``::1``, ``localhost`` and the
            address that the server listens on. ``*.shop.test`` stands for any name before the first dot.
        certificate: A PEM file with a certificate of your own, and those between it and its authority; unless given,
            one is made.
        private_key: A PEM file with its key; unless given, it is in the file of the certificate.
        ca_certificate: A PEM file with what clients have to trust for it; unless given, the certificate itself.
        client_certificates: Whether clients are asked for a certificate, which they may do without (``"optional"``) or
            have to have (``"required"``).
        client_ca_certificate: A PEM file with authorities whose certificates clients may have, besides that of this
            run.

    Raises:
        TypeError: If ``host_names`` is a single name.
        ValueError: If an option is given without the one that it belongs to, or ``client_certificates`` is none of
            the above.
    """

    host_names: Sequence[str] = ()
    certificate: _Path | None = None
    private_key: _Path | None = None
    ca_certificate: _Path | None = None
    client_certificates: Literal["optional", "required"] | None = None
    client_ca_certificate: _Path | None = None

    def __post_init__(self) -> None:
        if isinstance(self.host_names, str):
            raise TypeError(f"host_names must be a sequence of names, such as [{self.host_names!r}]; got a single str")
        if self.host_names and self.certificate is not None:
            raise ValueError("host_names are for a certificate that is made; one of your own has its names already")
        if self.client_certificates not in (None, "optional", "required"):
            raise ValueError(
                f"client_certificates must be 'optional', 'required' or None, got {self.client_certificates!r}"
            )
        for name, other in _GO_WITH.items():
            if getattr(self, name) is not None and getattr(self, other) is None:
                raise ValueError(f"{name} says nothing without {other}: give that too")


def choose_tls(tls: object) -> TLSOptions | None:
    """
    Return how a server speaks TLS; None for one that does not.

    Raises:
        TypeError: If it is said by something else than a bool, None or :class:`TLSOptions`.
    """
    if isinstance(tls, TLSOptions):
        return tls
    if tls is None or isinstance(tls, bool):
        return TLSOptions() if tls else None
    raise TypeError(f"tls must be True, False or TLSOptions(...), got {tls!r}")
