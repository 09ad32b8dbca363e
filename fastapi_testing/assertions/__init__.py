"""What a test can claim: mixins for any test case, which need no server and take responses of any library."""

from fastapi_testing.assertions.connection import RejectedHandshake, WebSocketConnection
from fastapi_testing.assertions.http import HTTPAssertions
from fastapi_testing.assertions.json import JsonAssertions
from fastapi_testing.assertions.response import Response
from fastapi_testing.assertions.status import ExpectedStatus
from fastapi_testing.assertions.websocket import WebSocketAssertions

__all__ = [
    "ExpectedStatus",
    "HTTPAssertions",
    "JsonAssertions",
    "RejectedHandshake",
    "Response",
    "WebSocketAssertions",
    "WebSocketConnection",
]
