"""The attribute ``client`` of a test: made on first use, or what the test gives itself."""
# ruff: noqa: SLF001 - of the cases of this room

from typing import Any, Generic, TypeVar

from fastapi_testing.case.served.class_client import copied_from, library_for, own_client
from fastapi_testing.case.served.given_client import take_client
from fastapi_testing.errors import ServerNotRunningError

__all__ = ["RunningClient"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_C = TypeVar("_C")


class RunningClient(Generic[_C]):
    """
    The test's own client, made on first use of the class's ``client_class``: its cookies are no other test's.

    A hook, or the test, may give itself another: what ``new_client()`` makes, or any client of httpx that leads to the
    server. After ``del self.client`` or ``self.client = None``, the next use makes a new one.

    On the class, in its hooks, it is the client of the class. Where there is one, each test's begins with copies of its
    cookies and headers.
    """

    def __get__(self, case: Any, owner: Any) -> _C:
        if case is None:
            own: _C = own_client(owner)
            return own
        try:
            client: _C | None = case._framework_client
        except AttributeError:
            raise _not_running(case) from None
        if client is None:
            of_class = vars(owner).get("_framework_class_client")
            begun = {} if of_class is None else copied_from(of_class, vars(case), library_for(case))
            client = case._framework_client = case.new_client(**begun)
        return client

    def __set__(self, case: Any, client: object) -> None:
        if not hasattr(case, "_framework_client"):
            raise _not_running(case)
        if client is not None:
            take_client(case, client)
        case._framework_client = client

    def __delete__(self, case: Any) -> None:
        self.__set__(case, None)


def _not_running(case: Any) -> ServerNotRunningError:
    return ServerNotRunningError(f"{case.id()} is not running: it has a client from its set-up to its last cleanup")
