"""The event loop that a client's connections belong to."""

import asyncio

__all__ = ["HomeLoop"]


class HomeLoop:
    """
    Remembers the event loop on which connections are opened, as no other loop can wait for them.

    It is the one on which :meth:`settle` is called, or else the first that asks. When it is closed, its connections are
    gone, and the next loop takes its place.

    Attributes:
        loop: That event loop; None as long as there is none.
    """

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None

    def settle(self) -> None:
        """Belong to the running event loop, where one runs."""
        try:
            self.loop = asyncio.get_running_loop()
        except RuntimeError:
            self.loop = None

    def has_moved(self) -> bool:
        """
        Return whether the running event loop is new here, because it is the first or the one before is closed.

        Raises:
            RuntimeError: As :meth:`check` does.
        """
        loop = asyncio.get_running_loop()
        if loop is self.loop:
            return False
        self.check()
        self.loop = loop
        return True

    def check(self) -> None:
        """
        Check that another event loop than the running one is not still open here.

        Raises:
            RuntimeError: If it is: it is the client's.
        """
        home = self.loop
        if home is not None and home is not asyncio.get_running_loop() and not home.is_closed():
            raise RuntimeError(
                "this client belongs to another event loop, that of its test class, and this one cannot wait for its "
                "connections: await it in the test itself; for code that runs a loop of its own, by asyncio.run() for "
                "one, make a client there, such as httpx.AsyncClient(base_url=...) with the server's url, and await "
                "that code by asyncio.to_thread()"
            )
