"""The app in Django, as its own URLconf."""

import json
import logging

from django.conf import settings
from django.core.asgi import get_asgi_application
from django.core.handlers.asgi import ASGIHandler, ASGIRequest
from django.http import JsonResponse, StreamingHttpResponse
from django.urls import path

from tests.frameworks.backstage import Backstage
from tests.frameworks.bare_app import chunks, events

__all__ = ["make_app"]

settings.configure(ROOT_URLCONF=__name__, ALLOWED_HOSTS=["127.0.0.1"], LOGGING_CONFIG=None)
logging.getLogger("django").addHandler(logging.NullHandler())  # or its warnings would go to the terminal

backstage: Backstage


def make_app(behind: Backstage) -> ASGIHandler:
    """Return the app; Django has one for the whole process."""
    global backstage  # noqa: PLW0603 - as the settings and the routes are
    backstage = behind
    return get_asgi_application()


async def read_item(_: ASGIRequest, number: int) -> JsonResponse:
    """Answer with a parameter of the path."""
    return JsonResponse({"id": number})


def create_item(request: ASGIRequest) -> JsonResponse:
    """Answer with what came, in a thread."""
    return JsonResponse({"id": 1, **json.loads(request.body)}, status=201)


async def login(_: ASGIRequest) -> JsonResponse:
    """Set a cookie."""
    response = JsonResponse({})
    response.set_cookie("user", "ann")
    return response


async def read_user(request: ASGIRequest) -> JsonResponse:
    """Answer with the cookie."""
    return JsonResponse({"user": request.COOKIES.get("user")})


def fail(_: ASGIRequest) -> None:
    """Fail, in a thread."""
    raise LookupError("no stock")


async def stream(_: ASGIRequest) -> StreamingHttpResponse:
    """Answer in parts."""
    return StreamingHttpResponse(chunks(backstage.gate), content_type="text/plain")


async def stream_events(_: ASGIRequest) -> StreamingHttpResponse:
    """Answer with events."""
    return StreamingHttpResponse(events(), content_type="text/event-stream")


async def count(request: ASGIRequest) -> JsonResponse:
    """Count what came; Django calls a view when all of it is there."""
    return JsonResponse({"bytes": len(request.body)})


urlpatterns = [
    path("items/<int:number>", read_item),
    path("items", create_item),
    path("login", login),
    path("me", read_user),
    path("fail", fail),
    path("chunks", stream),
    path("events", stream_events),
    path("count", count),
]
