"""Every wait of the package for somebody else has a limit, or a reason why it needs none: the list of them all."""

import ast
import re
import unittest

from tests.waits import PACKAGE, found_in, waits_of

CALL = "that of the test or the hook that it is in: Watchdog.run()"

DATABASE = "test_timeout in a test, hook_timeout in a hook and at the end of the class"

HOOK = "hook_timeout, or else test_timeout; where neither is set, it is told after 30 s"

REQUEST = "that of the request, with which it ends: the client's timeout, test_timeout"

LIMITS: dict[str, dict[str, str]] = {
    "assertions/eventually/polling": {
        "Look._call: await value": "the assertion's timeout",
    },
    "assertions/openapi/contract": {
        "OpenAPIAssertions._openapi_hook.check_async: await response.aread": "the client's timeout",
    },
    "assertions/websocket/attempts": {
        "open_connection: await connecting": "the assertion's timeout",
    },
    "assertions/websocket/connection": {
        "receive_next: await session.recv": "the assertion's timeout",
        "receive_next: await session.receive": "the assertion's timeout",
        "sync_receive_next: session.recv": "the assertion's timeout",
    },
    "assertions/events/iterated": {
        "_Awaited.next: await anext": "timeout",
    },
    "assertions/websocket/sessions": {
        "WebSocketAssertions.assertWebSocketRejected: await getattr(outcome, 'disconnect', outco...": "close_timeout",
    },
    "case/guards/class_limits": {
        "ClassLimits._await_hook: await timer.run": HOOK,
    },
    "case/guards/guard": {
        "TestGuard.leave: async with contextlib.AsyncExitStack": "of the clients in it: close_timeout, _CLOSE_TIMEOUT",
        "TestGuard._wait_for_app: await asyncio.wait": "settle_timeout",
        "TestGuard._cancel: await cancel": "_CANCEL_TIMEOUT; elsewhere _CANCEL_GRACE",
        "TestGuard._look_at_libraries: await asyncio.wait": "_GRACE",
    },
    "case/guards/hook_timer": {
        "HookTimer.run: await coroutine": HOOK,
    },
    "case/guards/monitor": {
        "LoopMonitor.close: self._thread.join": "_LAST_LOOK",
        "LoopMonitor._look_on: self._closed.wait": "the time between two looks",
    },
    "case/guards/server_errors": {
        "ServerRaises._wait_until_over: await asyncio.wait": "settle_timeout",
    },
    "case/guards/watchdog": {
        "Watchdog.run: await coroutine (2 times)": CALL,
    },
    "case/loops/awaiting": {
        "call_and_await: await result": CALL,
        "_await: await awaitable": CALL,
    },
    "case/loops/class_case": {
        "AsyncClassTestCase.enterAsyncContext: await super().enterAsyncContext": CALL,
        "AsyncClassTestCase.enterAsyncClassContext: await kept.enter": CALL,
        "AsyncClassTestCase._callCleanup: class_loop.run": "none: the task has nothing left to do",
        "AsyncClassTestCase._run: class_loop.run": CALL,
        "AsyncClassTestCase._run_class_hook: class_loop.run": CALL,
        "AsyncClassTestCase._run_for_class: class_loop.run": CALL,
        "AsyncClassTestCase._close_class_loop: class_loop.run": CALL,
        "AsyncClassTestCase._close_class_loop: class_loop.close": "_CANCEL_TIMEOUT: leave() has ended the rest",
    },
    "case/loops/class_loop": {
        "ClassLoop.leave: await loop.shutdown_asyncgens": CALL,
        "ClassLoop.leave: await loop.shutdown_default_executor": CALL,
        "ClassLoop.close: self.runner.close": "none: leave() has ended the rest",
    },
    "case/loops/kept_context": {
        "KeptContext._step: await step": CALL,
        "KeptContext._keep: async with self.context": "that of who takes the step; _CANCEL_TIMEOUT where nobody does",
        "KeptContext._keep: await self._leaving.wait": "none: until the class's cleanup, or cancelled with its tasks",
    },
    "case/loops/leaving": {
        "run_to_its_end: runner.run (2 times)": "that of what is run: Watchdog.run, or its own; then _GRACE",
        "_run_in: loop.run_until_complete": "that of what is run: Watchdog.run, or its own; then _GRACE",
        "_wait_for: await task": "that of what is run: Watchdog.run, or its own",
    },
    "case/loops/shared_loop": {
        "SharedLoop._end: self.runner.run": "_GRACE, of each step of _end_all()",
        "BorrowedLoop._close_generators: await asyncio.gather": CALL,
        "BorrowedLoop._wait_for: await asyncio.wait": CALL,
        "_end_all: await asyncio.wait": "_GRACE",
        "_end_all: await asyncio.get_running_loop().shutdown_...": "_GRACE",
    },
    "case/loops/staying": {
        "StayingTask.end: await asyncio.wait": "none: the task has nothing left to do",
        "StayingTask.run: await coroutine": "that of what is run: Watchdog.run, or its own",
        "StayingTask._take: await rest": "until the test's cleanups are called, or _CANCEL_TIMEOUT",
    },
    "case/overrides/dependencies": {
        "override_dependencies._wrap_async.wrapper: await function": REQUEST,
    },
    "case/overrides/substitutes": {
        "without_arguments.iterate_async: async with contextlib.asynccontextmanager(overr...": REQUEST,
    },
    "case/served/async_case": {
        "AsyncServerTestCase.asyncSetUpClass: await super().asyncSetUpClass": CALL,
        "AsyncServerTestCase._end_test: class_loop.run": "settle_timeout and the like; blocked: test_timeout",
    },
    "case/served/case_server": {
        "CaseServer._start: await super()._start": "startup_timeout",
        "CaseServer._stop: await super()._stop": "shutdown_timeout",
    },
    "case/served/given_client": {
        "GivenClient.aclose: await self._ws.aclose": "close_timeout of each session",
    },
    "case/served/shared_server": {
        "SharedServer.start: await make": CALL,
        "SharedServer._end: class_loop.run": "shutdown_timeout",
        "SharedServer._end: class_loop.close": "_CANCEL_TIMEOUT: leave_in_time() has ended the rest",
    },
    "case/served/served_case": {
        "ServedCase._choose_app: await made": HOOK,
    },
    "case/served/sync_case": {
        "ServerTestCase._leave_server: self.server.begin(self._framework_gu...": "settle_timeout",
    },
    "client/events/opening": {
        "AwaitedStream._open: await self._client.send": "the stream's timeout",
        "AwaitedStream._close: await self.response.aclose": "none: the connection is cut",
        "WaitingStream._next: self._thread.begin(self._events.read...": "the stream's timeout",
    },
    "client/events/reader": {
        "EventReader.stop_reading: await asyncio.wait": "none: the task is cancelled, and reads a connection only",
        "EventReader.stop_reading: await self._chunks.aclose": "none: the connection is cut",
        "EventReader._check_response: await self.response.aclose": "none: the connection is cut",
        "EventReader._read_error: await self.response.aread": "the stream's timeout: read_next()",
        "EventReader._read: await asyncio.wait": "the stream's timeout: read_next()",
        "EventReader._read_chunk: await anext": "the stream's timeout: read_next()",
    },
    "client/http/awaited": {
        "AwaitedClient.aclose: await super().aclose": "_CLOSE_TIMEOUT",
        "AwaitedClient.__aexit__: await super().__aexit__": "_CLOSE_TIMEOUT",
    },
    "client/http/lean": {
        "lean_client.LeanClient.send: await self._way.handle_async_request": "the client's timeouts",
        "lean_client.LeanClient.send: await super().send (2 times)": "the client's timeouts",
        "lean_client.LeanClient.send: await response.aread": "the client's timeout: read",
        "lean_client.LeanClient.send: await response.aclose": "settle_timeout, for the end of the app's call",
    },
    "client/transport/body": {
        "ResponseBody.__aiter__: await self._connection.receive": "the client's timeout: read",
        "WholeBody.aread: await super().aread": "the client's timeout: read",
    },
    "client/transport/connection": {
        "Connection._send_pieces: async for stream": "test_timeout: the body is the test's own generator",
        "_polls: select.select": "none: its timeout is 0",
        "Connection._wait: await self._waiter": "the client's timeout: connect, read or write",
    },
    "client/transport/loopback": {
        "LoopbackTransport.handle_async_request: await connection.exchange": "the client's timeout: read, write",
        "LoopbackTransport._open: await asyncio.get_running_loop().create_co...": "the client's timeout: connect",
    },
    "client/transport/network": {
        "SwitchedStream.read: await self._reader.read": "the timeout that it is given; test_timeout",
        "SwitchedStream.write: await self._writer.drain": "the timeout that it is given; test_timeout",
    },
    "client/transport/pool": {
        "ConnectionPool.aclose: await asyncio.wait": "_CLOSE_TIMEOUT",
        "ConnectionPool._wait_for: await turn": "the client's timeout: pool",
    },
    "client/websocket/client": {
        "Connecting.__aenter__: await self": "open_timeout",
        "Connecting.__aexit__: await self._entered.pop().__aexit__": "close_timeout",
        "WebSocketClient._close_all: await asyncio.gather": "close_timeout",
        "WebSocketClient._shake_hands: await handshake": "open_timeout: _reach()",
    },
    "client/websocket/following": {
        "AwaitedHandshakes._authenticate: await flow.__anext__": "open_timeout: _reach()",
        "AwaitedHandshakes._authenticate: await flow.aclose": "open_timeout: _reach()",
        "AwaitedHandshakes._authenticate: await flow.asend (2 times)": "open_timeout: _reach()",
        "AwaitedHandshakes._authenticate: await self._client.send": "open_timeout: _reach()",
        "AwaitedHandshakes._follow: await shake_hands": "open_timeout: _reach()",
    },
    "client/websocket/session": {
        "WebSocketSession.handshake: await super().handshake": "open_timeout: _reach()",
        "WebSocketSession.recv: await super().recv": "the session's timeout, or that of the call",
        "WebSocketSession.__aexit__: await super().__aexit__": "close_timeout",
        "WebSocketSession.disconnect: await ClientConnection.close": "close_timeout",
        "WebSocketSession.disconnect: await self.wait_closed": "close_timeout",
        "WebSocketSession._send: await self.send": "the session's timeout, or that of the call",
        "WebSocketSession._drain: await asyncio.wait": "none: the reader is cancelled, or nothing is waited for",
        "WebSocketSession._answer_to_ping: await await self.ping()": "the session's timeout, or that of the call",
        "WebSocketSession._answer_to_ping: await self.ping": "the session's timeout, or that of the call",
        "WebSocketSession._answer_to_ping: await asyncio.wait": "the session's timeout, or that of the call",
    },
    "client/websocket/sync_session": {
        "SyncWebSocketSession.recv: super().recv": "the session's timeout, or that of the call",
        "SyncWebSocketSession._settle: self._thread.begin(wait_ended(exchan...": "settle_timeout",
        "SyncWebSocketSession.disconnect: self.recv_events_thread.join": "close_timeout",
        "SyncWebSocketSession.cut: self.recv_events_thread.join (2 times)": "_LAST_MESSAGE; close_timeout",
        "SyncWebSocketSession._recv_within: self.recv": "the session's timeout, or that of the call",
        "SyncWebSocketSession._drain: self.ping().wait": "the session's timeout, or that of the call",
        "SyncWebSocketSession._drain: self.recv": "none: the reader is cancelled, or nothing is waited for",
    },
    "client/wrappers/bridge": {
        "BridgeTransport.handle_request: self._thread.begin(make(sent)).wait": "the client's timeout, settle_timeout",
        "_StreamedBody._next: await anext": "the client's timeout: read",
        "_StreamedBody._close: await self._pieces.aclose": "settle_timeout, or the connection is cut",
        "_StreamedBody._close: await self._stream.cut": "settle_timeout, or the connection is cut",
        "_StreamedBody._close: await self._stream.aclose": "settle_timeout, or the connection is cut",
        "_read: await stream.aclose": "settle_timeout, or the connection is cut",
        "_content_of: async for stream": "test_timeout: the body is the test's own generator",
    },
    "client/wrappers/settling": {
        "Settling.aclose: await stream.cut": "settle_timeout, or the connection is cut",
        "SettlingStream._explaining: async for self._stream": "the client's timeout: read",
        "SettlingStream.cut: await self._stream.aclose": "settle_timeout, or the connection is cut",
    },
    "databases/isolation/turns": {
        "SharedConnection._wait_for: self._waits.wait": "turn_timeout",
    },
    "databases/isolation/waits": {
        "LoopWaits.locked: self._lock.acquire": DATABASE,
        "LoopWaits.wait: ended.wait": "turn_timeout",
        "ThreadWaits.wait: ended.wait": "turn_timeout",
    },
    "databases/mixin": {
        "SQLAlchemyMixin.asyncSetUpClass: await super().asyncSetUpClass": CALL,
        "SQLAlchemyMixin._before_app: await super()._before_app": CALL,
        "SQLAlchemyMixin._after_app: await super()._after_app": CALL,
        "SQLAlchemyMixin._run_database: await greenlet_spawn": DATABASE,
        "SQLAlchemyMixin._run_database: await asyncio.to_thread": DATABASE,
        "SQLAlchemyMixin._override_sessions.open_session: async with context": REQUEST,
    },
    "databases/templates/beside": {
        "Beside.run: self._loop.run_until_complete": DATABASE,
        "Beside.close: self._loop.run_until_complete": "none: one turn",
    },
    "server/cancelling": {
        "cancel_tasks: await asyncio.wait": "_CANCEL_TIMEOUT",
    },
    "server/recording/ends": {
        "cancel_elsewhere: await asyncio.wait": "_CANCEL_GRACE",
    },
    "server/recording/exchange": {
        "Exchange.wait_ended: await waiter": "settle_timeout: wait_ended()",
    },
    "server/recording/recorder": {
        "Recorder.__call__: await self._app": "none: the app's own call, which the server ends",
    },
    "server/recording/settle": {
        "settle: await asyncio.wait": "its timeout",
    },
    "server/serving/lifespan": {
        "Lifespan.shutdown: await asyncio.wait": "startup_timeout, shutdown_timeout; then _GRACE",
        "Lifespan._run: await self._app": "none: the app's own call, which the server ends",
        "Lifespan._ask: await asyncio.wait (2 times)": "startup_timeout, shutdown_timeout; then _GRACE",
        "_cancel: await asyncio.wait": "_GRACE; blocked: startup_timeout, shutdown_timeout",
    },
    "server/serving/server": {
        "Server._cancel: await asyncio.wait": "_CANCEL_GRACE; blocked: shutdown_timeout",
    },
    "server/serving/state": {
        "ServerState.wait_until_idle: await asyncio.wait(self.tasks) if self.tas...": "shutdown_timeout",
        "ServerState.wait_until_idle: self._changed.wait": "shutdown_timeout",
    },
    "server/serving/thread": {
        "ServerThread._wait_started: starting.wait": "startup_timeout, hook_timeout; blocked: startup_timeout",
        "ServerThread._close: self.begin(self._stop()).wait": "shutdown_timeout; blocked: the same",
    },
    "server/threads/calls": {
        "Call.ask: await answer": "none: the waiting thread answers, or cancels it",
        "Call._run: await self._coroutine": "that of who waits: Call.wait()",
        "Call._wait_until_over: self._news.get": "its timeout; without one, that of what is awaited; blocked: patience",
        "Call._check_loop: answered.wait": "_GRACE",
        "Call._cancel: self._news.get": "_GRACE",
    },
    "server/threads/lookout": {
        "Lookout.close: self._thread.join": "_GRACE",
        "Lookout._look_on: self._closed.wait": "the time between two looks",
        "Lookout._look_at: watch.over.wait": "_GRACE",
        "Lookout._send: self._landed.wait": "the session's timeout, or that of the call",
        "Lookout._answers: answered.wait": "_GRACE",
    },
    "server/threads/loop_thread": {
        "LoopThread.run: self.begin(coroutine, name).wait": "its timeout; without one, test_timeout",
        "LoopThread.finish: self.begin(coroutine).wait": "that of what is awaited; blocked: _PATIENCE",
        "LoopThread._open: opened.get": "_START_TIMEOUT",
        "LoopThread._join: self._thread.join": "_STOP_TIMEOUT",
        "LoopThread._run: loop.run_until_complete": "none: stop() ends it, on a daemon thread",
        "LoopThread._turn: await ending.wait": "none: stop() ends it, on a daemon thread",
    },
    "standalone/client": {
        "AsyncTestClient._open: await self.http.ws.connect": "open_timeout",
    },
    "standalone/limits": {
        "LimitedTransport._wait_for_turn: await self._turns.acquire": "the client's timeout: pool",
        "_ReleasingStream.aclose: await self._stream.aclose": "_CLOSE_TIMEOUT; requests: the client's timeout",
    },
    "standalone/server": {
        "AsyncTestServer.start: async with AsyncExitStack": "startup_timeout",
        "AsyncTestServer.stop: await self._running.pop_all().aclose": "shutdown_timeout",
    },
    "standalone/websocket": {
        "WebSocketHelper.drain_messages: await session.receive": "its timeout",
    },
}
"""
What the package waits for, by module and function, and what bounds it: a class attribute, a constant or an argument.

The awaits of its own coroutine functions are left out, as those are looked at where they stand.
"""


class LimitTests(unittest.TestCase):
    """The list, and that it can fail."""

    maxDiff = None

    def test_every_wait_is_listed(self) -> None:
        """A new wait needs a limit, and a place in the list, which has nothing that is not there."""
        listed = [f"{module} {where}" for module, waits in LIMITS.items() for where in waits]
        found = [where if times == 1 else f"{where} ({times} times)" for where, times in waits_of().items()]
        self.assertEqual(sorted(listed), sorted(found))

    def test_limits(self) -> None:
        """Each of them says what bounds it, by names that the package has."""
        words = {word for path in PACKAGE.rglob("*.py") for word in re.findall(r"\w+", path.read_text("utf-8"))}
        for waits in LIMITS.values():
            for where, limit in waits.items():
                with self.subTest(where):
                    self.assertRegex(limit, "^none: |^that of |timeout|_[A-Z]|the time between")
                    names = re.findall(r"\b(?:_[A-Z_]+|[a-z]+(?:_[a-z]+)+|[A-Z]\w+(?=\.))\b", limit)
                    self.assertLessEqual({*names}, words)

    def test_waits_are_seen(self) -> None:
        """What waits for somebody else is seen: awaits, loops, contexts, threads, queues, events and event loops."""
        source = """
async def own(): ...
class Shop:
    async def sell(self, queue):
        await own()
        await self.own()
        await other.own()
        await asyncio.sleep(1)
        await queue.get()
        await future
        async for each in stream: ...
        async with asyncio.timeout(1), own(), connection.begin(): ...
        await asyncio.wait_for(event.wait(), 1)
        await super().sell()
    def close(self):
        self._thread.join()
        ", ".join(names)
        opened.get()
        {}.get(1)
        lock.acquire()
        select.select([], [], [], 0)
        shard.select()
        done.wait()
        self.runner.run(work)
        case.run()
        runner.close()
        loop.run_until_complete(work)
        sock.recv(1)
"""
        self.assertEqual(
            [*found_in(ast.parse(source), {"own", "sell"})],
            [
                "Shop.sell: await other.own",
                "Shop.sell: await queue.get",
                "Shop.sell: await future",
                "Shop.sell: async for stream",
                "Shop.sell: async with connection.begin",
                "Shop.sell: await asyncio.wait_for",
                "Shop.sell: event.wait",
                "Shop.sell: await super().sell",
                "Shop.close: self._thread.join",
                "Shop.close: opened.get",
                "Shop.close: lock.acquire",
                "Shop.close: select.select",
                "Shop.close: done.wait",
                "Shop.close: self.runner.run",
                "Shop.close: runner.close",
                "Shop.close: loop.run_until_complete",
                "Shop.close: sock.recv",
            ],
        )
