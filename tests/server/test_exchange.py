"""The recorder: how requests in flight are named."""

import asyncio
import unittest

from fastapi_testing.server.application import Receive, Scope, Send
from fastapi_testing.server.exchange import Recorder


class DescribeTests(unittest.IsolatedAsyncioTestCase):
    """The words for a task that answers a request."""

    async def test_websocket_without_a_route(self) -> None:
        """A WebSocket is named as one; where the app has no routes, only the target is."""

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            await asyncio.Event().wait()

        recorder = Recorder(app)
        task = asyncio.create_task(recorder({"type": "websocket", "path": "/chat"}, None, None))  # type: ignore[arg-type]
        await asyncio.sleep(0)
        described = recorder.describe(task)
        task.cancel()
        self.assertEqual(
            described, f'WebSocket /chat, waits at File "{__file__}", line {app.__code__.co_firstlineno + 1}, in app'
        )

    async def test_unknown_task(self) -> None:
        """A task that the app did not get, such as one that refuses a request, is shown as asyncio shows it."""
        task = asyncio.current_task()
        assert task is not None
        self.assertEqual(Recorder(None).describe(task), repr(task))  # type: ignore[arg-type]
