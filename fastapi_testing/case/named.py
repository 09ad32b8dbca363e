"""The names of a class's app: what its server has a certificate for, and what its clients call it by."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Protocol

import httpx

from fastapi_testing.client.wrappers.names import host_of, read_base_url, read_hosts
from fastapi_testing.server import TLSOptions
from fastapi_testing.server.tls.endpoint import TLSEndpoint
from fastapi_testing.server.tls.options import choose_tls

__all__ = ["Named", "addresses", "check_names", "tls_of"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_OTHER_NAME = "give what else is called so another name"


class Named(Protocol):
    """A class that says what its app is called, or a test of it."""

    base_url: str | None
    hosts: Sequence[str]
    tls: TLSOptions | bool | None


def check_names(case: Any) -> None:
    """
    Refuse names that cannot be.

    Raises:
        TypeError: If they are no texts.
        ValueError: If they are none of a server.
    """
    name = case.__qualname__
    try:
        if case.base_url is not None:
            read_base_url(case.base_url, tls=bool(case.tls))
        read_hosts(case.hosts)
    except (TypeError, ValueError) as exc:
        raise type(exc)(f"{name}: {exc}; it is by what the clients call the app: {_OTHER_NAME}") from None


def tls_of(case: Named) -> TLSOptions | None:
    """Return how the server of a class speaks TLS: a certificate that is made for it has the names."""
    options = choose_tls(case.tls)
    if options is None or options.certificate is not None:
        return options
    own = [] if case.base_url is None else [host_of(httpx.URL(case.base_url))]
    names = dict.fromkeys((*options.host_names, *own, *read_hosts(case.hosts)))
    return replace(options, host_names=tuple(names))


def addresses(holder: Any, server: Any, base_url: str | None) -> dict[str, Any]:
    """
    Return by which arguments a client is led to a server.

    Args:
        holder: The test, or the class, that makes the client.
        server: The server.
        base_url: What this client calls it by, if the class does not say it.

    Raises:
        ServerNotRunningError: If the server does not run.
        ValueError: If it cannot be called so.
    """
    url = server.url
    is_own = server is getattr(holder, "_framework_server", None)
    of_class = holder.base_url if is_own else None
    hosts = read_hosts(holder.hosts) if is_own else ()
    name = of_class if base_url is None else base_url
    if name is None and not hosts:
        return {"base_url": url}
    if name is not None:
        _check_certificate(server, read_base_url(name, tls=server.tls is not None), url)
    if base_url is not None and of_class is not None:
        hosts = (*hosts, host_of(read_base_url(of_class, tls=False)))
    return {"base_url": url if name is None else name, "server_url": url, "hosts": hosts}


def _check_certificate(server: TLSEndpoint, url: httpx.URL, address: str) -> None:
    options = server.tls
    if options is None or options.certificate is not None or url.host == httpx.URL(address).host:
        return
    host = host_of(url)
    names = (*options.host_names, "localhost", "127.0.0.1", "::1")
    if host not in names and f"*.{host.partition('.')[2]}" not in names:
        raise ValueError(
            f"the certificate of the server is not for {host}: say hosts = [{host!r}] in the class, or for a server of "
            f"your own tls=TLSOptions(host_names=[{host!r}])"
        )
