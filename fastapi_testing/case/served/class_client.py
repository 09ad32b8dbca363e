"""The client of a test class: made in its hooks, closed at its end, and what each of its tests begins with."""
# ruff: noqa: SLF001 - of the cases of this room

from collections.abc import Callable, Mapping
from inspect import isfunction
from typing import Any

from fastapi_testing.case.served.given_client import check_client, http_of
from fastapi_testing.client.library import choose_library, copied_cookies
from fastapi_testing.hints.not_yet import NotYet

__all__ = ["adopt_client", "close_with_class", "copied_from", "own_client"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


def own_client(case: Any) -> Any:
    """Return the client of a class, which is made on first use; without a server, what says so where it is used."""
    client = vars(case).get("_framework_class_client")
    if client is None:
        if isinstance(case.server, NotYet):
            return case.server
        client = _maker(case)()
        _keep(case, client)
    return client


def close_with_class(case: Any, client: Any) -> None:
    """Have a client closed when the class is cleaned up, before the server stops."""
    case.addClassCleanup(client.close if case._framework_waits else client.aclose)


def adopt_client(case: Any, url: str) -> None:
    """
    Take what a hook has set as the client of a class for the one that its tests begin with.

    Args:
        case: The class.
        url: Where its server is.

    Raises:
        TypeError: If it is no client that the class can have.
        ValueError: If it leads elsewhere.
    """
    if "client" in case._body:  # it is the user's own, by that name
        return
    client = vars(case)["client"]
    if client is not None:
        check_client(client, url, case, who="cls")
        close_with_class(case, client)
    _keep(case, client)
    del case.client  # the attribute of the base is seen again


def library_for(case: Any) -> Any:
    """Return the library that the clients of a class, or a test, are of."""
    of_clients = getattr(case.client_class, "_library", None)
    is_fixed = of_clients is not None and "_twin" not in vars(case.client_class)
    return of_clients if is_fixed else choose_library(case.http_library)


def copied_from(client: Any, own: Mapping[str, Any], library: Any) -> dict[str, Any]:
    """
    Return what a test's client begins with: copies of what the client of its class has by now.

    Args:
        client: That client.
        own: What the test itself has; its ``headers`` and ``cookies``, where a hook has set them, come first.
        library: What the test's client is of.
    """
    http = http_of(client)
    headers, cookies = library.Headers(http.headers.multi_items()), copied_cookies(library, http.cookies)
    headers.update(own.get("headers") or {})
    for name, value in (own.get("cookies") or {}).items():
        cookies.delete(name)  # of whatever domain
        cookies.set(name, value)
    options: dict[str, Any] = {"headers": headers, "cookies": cookies}
    if isinstance(http.auth, library.Auth):
        options["auth"] = http.auth
    elif http.auth is not None:
        options["auth"] = _carried(http.auth, library)
    origins = getattr(http, "_origins", None)
    if origins is not None and origins.is_named(http.base_url) and "base_url" not in own:
        options["base_url"] = str(http.base_url)
    return options


def _carried(auth: Any, library: Any) -> Any:
    """Return an authentication of one library as one that clients of the other take."""
    flows = {
        "sync_auth_flow": lambda _self, request: auth.sync_auth_flow(request),
        "async_auth_flow": lambda _self, request: auth.async_auth_flow(request),
    }
    return type(type(auth).__name__, (library.Auth,), flows)()


def _maker(case: Any) -> Callable[[], Any]:
    """Return the ``new_client()`` of a class: of the nearest that is no method of tests alone."""
    makers = (vars(base)["new_client"] for base in case.__mro__ if "new_client" in vars(base))
    maker: Callable[[], Any] = next(each for each in makers if not isfunction(each)).__get__(None, case)
    return maker


def _keep(case: Any, client: Any) -> None:
    if "_framework_class_client" not in vars(case):
        case.addClassCleanup(delattr, case, "_framework_class_client")
    case._framework_class_client = client
