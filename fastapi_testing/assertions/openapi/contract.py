"""What a test can claim of a response by the OpenAPI schema of the app that sent it."""

import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from fastapi_testing.assertions.describing.base import DocumentAssertions
from fastapi_testing.assertions.describing.describe import describe_answer, describe_path
from fastapi_testing.assertions.describing.response import (
    Response,
    header_values,
    media_type,
    request_method,
    request_url,
)
from fastapi_testing.assertions.describing.validation import describe_count
from fastapi_testing.assertions.openapi.document import (
    Node,
    OpenAPIDocument,
    Operation,
    find_header_errors,
    find_media_type,
)
from fastapi_testing.server.application import describe_app
from fastapi_testing.server.routing.finding import find_apps, find_template

__all__ = ["OpenAPIAssertions"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_BODILESS = (204, 205, 304)


class OpenAPIAssertions(DocumentAssertions):
    """Assertions on what a response is by an OpenAPI schema, for any test case; they need the extra ``openapi``."""

    check_openapi: bool = False
    """Whether every response that :class:`~fastapi_testing.AsyncServerTestCase` gets has to conform to the schema."""

    def assertMatchesOpenAPI(
        self, response: Response, schema: Mapping[str, Any] | None = None, msg: Any = None
    ) -> None:
        """
        Fail unless the response is one that an OpenAPI schema (3.1, 3.2) documents.

        The operation has to be there, the status, its range or a default, the required headers and the media type;
        headers, and a body of JSON, have to conform to their schemas. Formats count as in ``assertJsonSchema``.

        A schema that is given does not tell FastAPI's path converters, as in ``/files/{name:path}``: where no path of
        it matches, the last expression of a path stands for several segments.

        Args:
            response: The response.
            schema: The schema; unless given, that of this test case's ``app``, or of the app that it mounts there.
            msg: What to say besides.

        Raises:
            ModuleNotFoundError: If the extra is not installed.
            TypeError: If no schema is given and the ``app`` has none, or if the response does not know its request.
            ValueError: If the schema is of another version, or refers to something outside it.
        """
        method, path = _asked(response)
        if schema is None:
            documents = self._documents(getattr(self, "app", None), path)
            operation = _find_operation(getattr(self, "app", None), method, path)
        else:
            documents = [(OpenAPIDocument(schema), path)]
            operation = documents[0][0].find_operation(method, path)
        if operation is None:
            self._fail(response, f"{_describe_missing(documents)}; got {describe_answer(response)}", msg)
        self._check(response, operation, msg)

    def _openapi_hook(self, app: Any, *, waits: bool) -> Callable[[Any], Awaitable[None] | None]:
        """
        Return what checks each response of an httpx client as one of its event hooks.

        What is not in the app's schema, such as its documentation or a route that is kept out of it, is left alone. A
        body is read only where there is a schema for it. Redirects that are followed come by, each by itself.

        Args:
            app: The app that has the schema.
            waits: Whether the client is one of sync tests, which calls its hooks and awaits nothing.
        """

        def check(response: Any) -> None:
            operation = self._operation_of(app, response)
            if operation is not None:
                if _is_json(media_type(response)):
                    response.read()
                self._check(response, operation, None)

        async def check_async(response: Any) -> None:
            operation = self._operation_of(app, response)
            if operation is not None:
                if _is_json(media_type(response)):
                    await response.aread()
                self._check(response, operation, None)

        return check if waits else check_async

    def _operation_of(self, app: Any, response: Any) -> Operation | None:
        """Return the operation that a response is of; None for one that is not in the app's schema."""
        method, path = _asked(response)
        self._documents(app, path, "do without check_openapi, and give the schema to assertMatchesOpenAPI()")
        return _find_operation(app, method, path)

    def _documents(self, app: Any, path: str, advice: str = "give the schema") -> list[tuple[OpenAPIDocument, str]]:
        """Return each schema that a path may be in, with the path that it is there."""
        found = [(OpenAPIDocument(owner.openapi()), rest) for owner, rest in find_apps(app, path)]
        if not found:
            it = "" if app is None else f": {describe_app(app)} has no openapi(), as FastAPI apps have"
            raise TypeError(f"{type(self).__qualname__} has no `app` with an OpenAPI schema for {path}{it}: {advice}")
        return found

    def _check(self, response: Response, operation: Operation, msg: Any) -> None:
        documented = operation.find_response(response.status_code)
        if documented is None:
            only = f"only {_enumerate(operation.statuses)}" if operation.statuses else "nor any other"
            standard = f"{_describe_operation(operation, response)} documents no status {response.status_code}, {only}"
            self._fail(response, f"{standard}; got {describe_answer(response)}", msg)
        errors = [*find_header_errors(documented, _headers(documented, response))]
        errors += _find_body_errors(documented, response)
        if errors:
            lines = "".join(f"\n  {error}" for error in errors)
            which = _describe_operation(operation, response)
            standard = f"not as {which} documents {response.status_code}, {describe_count(len(errors))}:{lines}"
            self._fail(response, f"{standard}\ngot {describe_answer(response)}", msg)


def _describe_operation(operation: Operation, response: Response) -> str:
    """Return what else is to be said of the operation than what was asked, which the message begins with."""
    return "the schema" if urlsplit(request_url(response)).path == operation.template else operation.template


def _asked(response: Response) -> tuple[str, str]:
    method, url = request_method(response), request_url(response)
    if not method or not url:
        raise TypeError(f"{response!r} does not know its request: give a response that has `request`")
    return method, urlsplit(url).path or "/"


def _find_operation(app: Any, method: str, path: str) -> Operation | None:
    """Return the operation of the route that answers, which may be kept out of the schema."""
    found = find_template(app, method, path)
    if found is None or not hasattr(found[0], "openapi"):
        return None
    owner, template = found
    return OpenAPIDocument(owner.openapi()).operation(method, template)


def _describe_missing(documents: Sequence[tuple[OpenAPIDocument, str]]) -> str:
    methods = [method for document, path in documents for method in document.find_methods(path)]
    if methods:
        return f"the OpenAPI schema has only {_enumerate(list(dict.fromkeys(methods)))} for this path"
    return "the OpenAPI schema has no such path"


def _enumerate(names: list[str]) -> str:
    *rest, last = names
    return f"{', '.join(rest)} and {last}" if rest else last


def _headers(documented: Node, response: Response) -> dict[str, str | None]:
    values = {name: header_values(response, name) for name in documented.members("headers")}
    return {name: ", ".join(found) if found else None for name, found in values.items()}


def _find_body_errors(documented: Node, response: Response) -> list[str]:
    if not documented.members("content") or request_method(response) == "HEAD" or response.status_code in _BODILESS:
        return []  # no content is documented: that says nothing of it (OpenAPI 3.1 §4.8.17)
    came = next(iter(header_values(response, "Content-Type")), "")
    documented_type = find_media_type(documented, came)
    if documented_type is None:
        names = _enumerate(list(documented.members("content")))
        return [f"header Content-Type: expected {names}, got {came or 'none'}"]
    schema = documented_type.schema()
    if schema is None or not _is_json(media_type(response)):
        return []
    try:
        document = json.loads(response.content)
    except ValueError as exc:
        return [f"body: not JSON ({exc})"]
    violations = schema.find_violations(document)
    return [f"body at {describe_path(violation.path)}: {violation.text}" for violation in violations]


def _is_json(kind: str) -> bool:
    return kind == "application/json" or kind.endswith("+json")
