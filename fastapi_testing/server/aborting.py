"""The end of a connection."""

import asyncio
import contextlib

__all__ = ["abort"]


def abort(transport: asyncio.WriteTransport) -> None:
    """
    Close a connection at once, also one that is gone.

    asyncio's (3.11 to 3.13) fails on one that was closed while there was something to send, and that has sent it since.
    """
    with contextlib.suppress(AttributeError):
        transport.abort()
