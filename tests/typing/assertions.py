"""Assertions as users write them; the type checkers read it, nobody runs it."""

from typing import assert_type
from unittest import TestCase

import httpx
from httpx_sse import ServerSentEvent
from pydantic import BaseModel
from requests import Response

from fastapi_testing.assertions import (
    EventAssertions,
    HTTPAssertions,
    JsonAssertions,
    ModelAssertions,
    OpenAPIAssertions,
    RejectedHandshake,
    WebSocketAssertions,
    WebSocketConnection,
)
from fastapi_testing.client import Client, EventStream


class Item(BaseModel):
    name: str


class Other(BaseModel):
    number: int


class AssertionTests(
    HTTPAssertions,
    JsonAssertions,
    ModelAssertions,
    OpenAPIAssertions,
    WebSocketAssertions,
    EventAssertions,
    TestCase,
):
    def test_responses(self, ours: httpx.Response, theirs: Response) -> None:
        for response in (ours, theirs):
            self.assertStatus(response, {200, "3xx"})
            self.assertCookie(response, "session", secure=True, max_age=60)
            self.assertValidationError(response, ("body", "items", 0), "missing")
            self.assertMatchesOpenAPI(response)

    def test_models(self, response: httpx.Response) -> None:
        assert_type(self.assertModel(response, Item), Item)
        assert_type(self.assertModel(response, list[Item]), list[Item])
        assert_type(self.assertModel(response, dict[str, Item]), dict[str, Item])
        assert_type(self.assertModel(response, Item | Other), Item | Other)
        assert_type(self.assertModel(response, Item | None), Item | None)

    async def test_events(self, client: Client) -> None:
        async with client.sse("/prices", params={"page": 1}) as events:
            assert_type(events, EventStream)
            assert_type(await events.next(), ServerSentEvent)
            async for event in events:
                assert_type(event, ServerSentEvent)
                self.assertEvent(event, data={"price": 9}, event="price")
            await self.assertEvents(events, [{"event": "price"}, {"data": "1", "id": "2"}])

    async def test_websockets(self, session: WebSocketConnection) -> None:
        assert_type(await self.assertWebSocketRejected("/private"), RejectedHandshake)
        await self.assertWebSocketReceivesAll(session, ["a", {"b": 1}])
        await self.assertWebSocketReceivesNothing(session, within=0.1)
