"""What a test can claim: mixins for any test case, which need no server and take responses of any library."""

from fastapi_testing.assertions.connection import RejectedHandshake, SyncWebSocketConnection, WebSocketConnection
from fastapi_testing.assertions.cookies import CookieAssertions
from fastapi_testing.assertions.errors import ErrorAssertions
from fastapi_testing.assertions.events import Event, EventAssertions, EventSource, ExpectedEvent
from fastapi_testing.assertions.eventually import EventuallyAssertions
from fastapi_testing.assertions.http import HTTPAssertions
from fastapi_testing.assertions.json import JsonAssertions
from fastapi_testing.assertions.models import ModelAssertions
from fastapi_testing.assertions.openapi import OpenAPIAssertions
from fastapi_testing.assertions.response import Response
from fastapi_testing.assertions.status import ExpectedStatus
from fastapi_testing.assertions.sync_events import SyncEventAssertions, SyncEventSource
from fastapi_testing.assertions.sync_eventually import SyncEventuallyAssertions
from fastapi_testing.assertions.sync_websocket import SyncWebSocketAssertions
from fastapi_testing.assertions.websocket import WebSocketAssertions

__all__ = [
    "CookieAssertions",
    "ErrorAssertions",
    "Event",
    "EventAssertions",
    "EventSource",
    "EventuallyAssertions",
    "ExpectedEvent",
    "ExpectedStatus",
    "HTTPAssertions",
    "JsonAssertions",
    "ModelAssertions",
    "OpenAPIAssertions",
    "RejectedHandshake",
    "Response",
    "SyncEventAssertions",
    "SyncEventSource",
    "SyncEventuallyAssertions",
    "SyncWebSocketAssertions",
    "SyncWebSocketConnection",
    "WebSocketAssertions",
    "WebSocketConnection",
]
