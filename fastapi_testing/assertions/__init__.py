"""What a test can claim: mixins for any test case, which need no server and take responses of any library."""

import fastapi_testing.installed  # noqa: F401 - where the other package's ``__init__.py`` is in place of ours
from fastapi_testing.assertions.comparing.status import ExpectedStatus
from fastapi_testing.assertions.describing.response import Response
from fastapi_testing.assertions.events.streams import EventAssertions, EventSource
from fastapi_testing.assertions.events.sync_streams import SyncEventAssertions, SyncEventSource
from fastapi_testing.assertions.events.verdicts import Event, ExpectedEvent
from fastapi_testing.assertions.eventually.polling import EventuallyAssertions
from fastapi_testing.assertions.eventually.sync_polling import SyncEventuallyAssertions
from fastapi_testing.assertions.http.cookies import CookieAssertions
from fastapi_testing.assertions.http.errors import ErrorAssertions
from fastapi_testing.assertions.http.responses import HTTPAssertions
from fastapi_testing.assertions.http.templates import TemplateAssertions
from fastapi_testing.assertions.json.documents import JsonAssertions
from fastapi_testing.assertions.json.models import ModelAssertions
from fastapi_testing.assertions.openapi.contract import OpenAPIAssertions
from fastapi_testing.assertions.websocket.connection import (
    RejectedHandshake,
    SyncWebSocketConnection,
    WebSocketConnection,
)
from fastapi_testing.assertions.websocket.sessions import WebSocketAssertions
from fastapi_testing.assertions.websocket.sync_sessions import SyncWebSocketAssertions

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
    "TemplateAssertions",
    "WebSocketAssertions",
    "WebSocketConnection",
]
