"""The attribute ``client`` of a test: made on first use, or what the test gives itself."""
# ruff: noqa: SLF001 - of the cases of this room

from typing import Any, Generic, TypeVar

from fastapi_testing.errors import ServerNotRunningError

__all__ = ["RunningClient"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_C = TypeVar("_C")


class RunningClient(Generic[_C]):
    """
    The test's own client, made on first use of the class's ``client_class``: its cookies are no other test's.

    A hook, or the test, may give itself another: what ``new_client()`` makes, or any client of httpx that leads to the
    server. After ``del self.client`` or ``self.client = None``, the next use makes a new one.
    """

    def __get__(self, case: Any, owner: type) -> _C:
        if case is None:
            return self  # type: ignore[return-value]
        try:
            client: _C | None = case._framework_client
        except AttributeError:
            raise _not_running(case) from None
        if client is None:
            client = case._framework_client = case.new_client()
        return client

    def __set__(self, case: Any, client: Any) -> None:
        if not hasattr(case, "_framework_client"):
            raise _not_running(case)
        if client is not None:
            case._take_client(client)
        case._framework_client = client

    def __delete__(self, case: Any) -> None:
        self.__set__(case, None)


def _not_running(case: Any) -> ServerNotRunningError:
    return ServerNotRunningError(f"{case.id()} is not running: it has a client from its set-up to its last cleanup")
