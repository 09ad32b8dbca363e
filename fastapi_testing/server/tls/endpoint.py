"""What the clients of a server with TLS need: whom to trust, and who to be."""

import ssl
from os import PathLike
from pathlib import Path
from typing import Literal

from fastapi_testing.errors import ServerError
from fastapi_testing.server.tls.certificates import run_authority
from fastapi_testing.server.tls.options import TLSOptions

__all__ = ["TLSEndpoint"]


class TLSEndpoint:
    """
    The side of a server that its clients see of its TLS.

    Nothing here needs the server to run, or an event loop.
    """

    tls: TLSOptions | None
    _name: str

    @property
    def ca_certificate(self) -> Path:
        """
        The PEM file with the certificate authority that clients of the server have to trust.

        It is what requests takes as ``verify``, curl as ``--cacert``, and :func:`ssl.create_default_context` as
        ``cafile``. The authority that is made for the run is the same for all servers of the process, and its file
        goes when the process ends.

        Raises:
            ServerError: If the server does not speak TLS.
        """
        options = self._check_tls()
        given = options.ca_certificate or options.certificate
        return run_authority().certificate if given is None else Path(given)

    def client_ssl_context(
        self, certificate: str | PathLike[str] | None = None, private_key: str | PathLike[str] | None = None
    ) -> ssl.SSLContext:
        """
        Make what a client of the server takes for ``verify`` (httpx) or ``ssl`` (websockets, asyncio).

        Args:
            certificate: A PEM file with the certificate that the client has, as :meth:`issue_client_certificate`
                returns it. Unless given, it has one of the common name ``client`` where the server asks for one.
            private_key: A PEM file with its key; unless given, it is in the file of the certificate.

        Raises:
            ServerError: If the server does not speak TLS.
        """
        options = self._check_tls()
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # a certificate that is trusted itself needs no authority
        context.load_verify_locations(self.ca_certificate)
        if certificate is None and options.client_certificates is not None:
            certificate = self.issue_client_certificate("client")
        if certificate is not None:
            context.load_cert_chain(certificate, private_key)
        return context

    def issue_client_certificate(self, common_name: str, *, email: str | None = None) -> Path:
        """
        Return a PEM file with a certificate for a client and its key, issued by the authority of the run.

        It is what :meth:`client_ssl_context` takes, requests as ``cert``, and curl as ``--cert``.

        Args:
            common_name: The common name of its subject.
            email: An e-mail address among its alternative names.

        Raises:
            ServerError: If the server does not ask its clients for certificates.
        """
        if self._check_tls().client_certificates is None:
            raise ServerError(
                f"the server of {self._name} does not ask for client certificates: "
                f"say tls = TLSOptions(client_certificates='required')"
            )
        return run_authority().issue(*([] if email is None else [email]), common_name=common_name)

    def _origin(self, scheme: Literal["http", "ws"], host: str, port: int) -> str:
        """Return an origin of the server; in it, an IPv6 address has brackets (RFC 3986 §3.2.2)."""
        return f"{scheme}{'s' if self.tls else ''}://{f'[{host}]' if ':' in host else host}:{port}"

    def _check_tls(self) -> TLSOptions:
        if self.tls is None:
            raise ServerError(f"the server of {self._name} does not speak TLS: say tls = True")
        return self.tls
