"""The TLS context of a server: asyncio's connections, that tell why they refuse a client, and close at once."""

import contextlib
import ssl
from typing import Any

from fastapi_testing.errors import ServerStartupError
from fastapi_testing.server.tls.certificates import run_authority
from fastapi_testing.server.tls.options import TLSOptions

__all__ = ["ServerContext", "make_server_context"]

_LOCAL_NAMES = ("127.0.0.1", "::1", "localhost")

_VERIFY_MODES = {None: ssl.CERT_NONE, "optional": ssl.CERT_OPTIONAL, "required": ssl.CERT_REQUIRED}


class ServerContext(ssl.SSLContext):
    """The context of a server, made with ``ssl.PROTOCOL_TLS_SERVER``."""

    def wrap_bio(self, incoming: ssl.MemoryBIO, outgoing: ssl.MemoryBIO, *args: Any, **kwargs: Any) -> ssl.SSLObject:
        session = super().wrap_bio(incoming, outgoing, *args, **kwargs)
        assert isinstance(session, _Session)  # noqa: S101 - it is made by sslobject_class
        session.outgoing = outgoing
        return session


class _Session(ssl.SSLObject):
    """TLS on one connection, as asyncio and uvloop drive it."""

    outgoing: ssl.MemoryBIO
    _refusal: ssl.SSLError | None = None

    def do_handshake(self) -> None:
        """
        Go on with the handshake.

        asyncio closes a connection whose handshake fails with the alert (RFC 8446 §6.2) still unsent, and its client
        knows no more than that it is closed. Asked to wait for more, asyncio sends what there is; whatever comes then,
        if only the end of the connection, is what it closes it for.
        """
        if self._refusal is not None:
            raise self._refusal
        try:
            super().do_handshake()
        except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
            raise
        except ssl.SSLError as exc:
            if not self.outgoing.pending:
                raise
            self._refusal = exc
            raise ssl.SSLWantReadError from exc

    def unwrap(self) -> None:
        """
        Say that no more will be sent, and do not wait for the same from the client (RFC 8446 §6.1).

        asyncio would wait for it for 30 s: a client that keeps an idle connection, and does not look at it, as those of
        other threads do, would hold up the server's stop.
        """
        with contextlib.suppress(ssl.SSLWantReadError):
            super().unwrap()


ServerContext.sslobject_class = _Session


def make_server_context(options: TLSOptions, host: str) -> ssl.SSLContext:
    """
    Return the context of a server.

    Args:
        options: What the certificate is, and whether clients have one.
        host: The address that the server listens on.

    Raises:
        ServerStartupError: If a file cannot be read, or is not what it should be; ``__cause__`` says why.
        ModuleNotFoundError: If trustme is needed and not installed.
        ValueError: If there cannot be a certificate for one of the names.
    """
    context = ServerContext(ssl.PROTOCOL_TLS_SERVER)
    if options.certificate is None:
        names = dict.fromkeys((*_LOCAL_NAMES, host, *options.host_names))
        context.load_cert_chain(run_authority().issue(*names))
    else:
        with _naming(f"certificate {options.certificate}, private_key {options.private_key}"):
            context.load_cert_chain(options.certificate, options.private_key)
    if options.client_certificates is not None:
        context.load_verify_locations(run_authority().certificate)
    if options.client_ca_certificate is not None:
        with _naming(f"client_ca_certificate {options.client_ca_certificate}"):
            context.load_verify_locations(options.client_ca_certificate)
    context.verify_mode = _VERIFY_MODES[options.client_certificates]
    return context


@contextlib.contextmanager
def _naming(what: str) -> Any:
    """Name what cannot be used, which OpenSSL does not."""
    try:
        yield
    except OSError as exc:  # ssl.SSLError is one
        raise ServerStartupError(f"cannot serve TLS with {what}: {exc}") from exc
