"""An OpenAPI document: which operation a request is, and in what a response does not conform to it."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from fastapi_testing.assertions.comparing.media_types import MediaType
from fastapi_testing.assertions.describing.describe import cut
from fastapi_testing.assertions.extras import import_extra
from fastapi_testing.assertions.json.schema import Schema, make_validator

__all__ = ["Node", "OpenAPIDocument", "Operation", "find_header_errors", "find_media_type"]

_URI = "urn:fastapi-unittest:openapi"
_METHODS = ("GET", "PUT", "POST", "DELETE", "OPTIONS", "HEAD", "PATCH", "TRACE", "QUERY")
_EXPRESSION = re.compile(r"\{[^{}]+\}")
_SEGMENT = "[^/]+"
_NUMBER = re.compile(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?")


@dataclass(frozen=True)
class Node:
    """
    A place in the document; what is only a reference there has been followed.

    Attributes:
        document: The document.
        pointer: Where it is: a JSON Pointer as a URI fragment (RFC 6901 §6).
        value: What is there.
    """

    document: "OpenAPIDocument"
    pointer: str
    value: Any

    def get(self, key: str) -> "Node | None":
        """Return a member, if there is one."""
        if not isinstance(self.value, Mapping) or key not in self.value:
            return None
        child = Node(self.document, f"{self.pointer}/{_escape(key)}", self.value[key])
        return child.follow()

    def members(self, key: str) -> "dict[str, Node]":
        """Return the members of a member, which may be missing."""
        parent = self.get(key)
        children = {} if parent is None else {name: parent.get(name) for name in parent.value}
        return {name: child for name, child in children.items() if child is not None}

    def follow(self) -> "Node":
        """Return the place that this one refers to, or itself."""
        reference = self.value.get("$ref") if isinstance(self.value, Mapping) else None
        return self if reference is None else self.document.look_up(reference)

    def schema(self) -> Schema | None:
        """Return the schema here, if there is one; it follows its own references, beside which it may say more."""
        return self.document.schema_at(f"{self.pointer}/schema") if "schema" in self.value else None


class OpenAPIDocument:
    """
    An OpenAPI document of version 3.1 or 3.2, whose schemas are JSON Schema 2020-12.

    Args:
        document: It, parsed.

    Raises:
        ModuleNotFoundError: If the extra ``openapi`` is not installed.
        ValueError: If it is of another version.
    """

    def __init__(self, document: Mapping[str, Any]) -> None:
        version = str(document.get("openapi", "no version"))
        if not version.startswith(("3.1", "3.2")):
            raise ValueError(f"the OpenAPI document is of {version}: only 3.1 and 3.2 have schemas that can be checked")
        referencing = import_extra("referencing.jsonschema", "openapi", "assertMatchesOpenAPI")
        known = import_extra("jsonschema_specifications", "openapi", "assertMatchesOpenAPI").REGISTRY
        self._registry = known.with_resource(_URI, referencing.DRAFT202012.create_resource(document))
        self._root = Node(self, "", document)

    def look_up(self, reference: str) -> Node:
        """
        Return the place that a reference leads to.

        Raises:
            ValueError: If there is no such place in the document.
        """
        unresolvable = import_extra("referencing.exceptions", "openapi", "assertMatchesOpenAPI").Unresolvable
        try:
            value = self._registry.resolver(_URI).lookup(reference).contents
        except unresolvable:
            value = None
        if value is None or not reference.startswith("#"):
            raise ValueError(f"the OpenAPI document refers to {reference!r}, which is not in it")
        return Node(self, reference.removeprefix("#"), value).follow()

    def schema_at(self, pointer: str) -> Schema:
        """Return the schema at a place of the document."""
        library = import_extra("jsonschema", "openapi", "assertMatchesOpenAPI")
        reference = {"$ref": f"{_URI}#{pointer}"}
        return Schema(make_validator(library.Draft202012Validator, reference, self._registry))

    def operation(self, method: str, template: str) -> "Operation | None":
        """Return the operation of a method and a template, if there is one."""
        item = self._root.members("paths").get(template)
        node = item.get(method.lower()) if item else None
        return Operation(method, template, node) if node else None

    def find_operation(self, method: str, path: str) -> "Operation | None":
        """
        Return the operation that a request is, if there is one.

        A path without template expressions goes before one with them (OpenAPI 3.1 §4.8.8.2). An expression stands for
        one segment; only if no path matches so, the last expression of each may stand for several, since FastAPI leaves
        its path converters, as in ``/files/{name:path}``, out of the schema.

        Args:
            method: The method of the request.
            path: Its path, which may be behind that of one of the document's servers.
        """
        templates = self._find_templates(path) or self._find_templates(path, last=".+")
        found = (self.operation(method, template) for template in templates)
        return next(filter(None, found), None)

    def find_methods(self, path: str) -> list[str]:
        """Return the methods that there are for a path."""
        templates = self._find_templates(path)
        return [method for method in _METHODS if any(self.operation(method, template) for template in templates)]

    def _find_templates(self, path: str, last: str = _SEGMENT) -> list[str]:
        paths = self._without_servers(unquote(path))
        templates = sorted(self._root.members("paths"), key=lambda template: len(_EXPRESSION.findall(template)))
        return [template for template in templates if any(_matches(template, path, last) for path in paths)]

    def _without_servers(self, path: str) -> list[str]:
        prefixes = [urlsplit(server["url"]).path.rstrip("/") for server in self._root.value.get("servers", ())]
        behind = [path.removeprefix(prefix) for prefix in prefixes if prefix and path.startswith(f"{prefix}/")]
        return list(dict.fromkeys([path, *behind]))


@dataclass(frozen=True)
class Operation:
    """
    An operation.

    Attributes:
        method: Its method in upper case.
        template: Its path, with template expressions.
        node: It.
    """

    method: str
    template: str
    node: Node

    def find_response(self, status_code: int) -> Node | None:
        """Return what is documented for a status: for it, its range, or by default (OpenAPI 3.1 §4.8.16)."""
        responses = self.node.members("responses")
        keys = (str(status_code), f"{status_code // 100}XX", "default")
        return next((responses[key] for key in keys if key in responses), None)

    @property
    def statuses(self) -> list[str]:
        """The statuses that are documented."""
        return list(self.node.members("responses"))


def find_media_type(response: Node, content_type: str) -> Node | None:
    """Return what is documented for a media type, the narrowest range that covers it (OpenAPI 3.1 §4.8.17)."""
    came = MediaType.parse(content_type)
    documented = ((MediaType.parse(name), node) for name, node in response.members("content").items())
    covering = [(media_type.precision, node) for media_type, node in documented if media_type.covers(came)]
    return max(covering, key=lambda candidate: candidate[0])[1] if covering else None


def find_header_errors(response: Node, headers: Mapping[str, str | None]) -> Iterator[str]:
    """
    Yield what is wrong with the headers of a response.

    Args:
        response: What is documented.
        headers: The header that came, or None, for each of those that are documented.
    """
    for name, header in response.members("headers").items():
        value = headers.get(name)
        if value is not None:
            yield from (f"header {name}: {text}" for text in _find_value_errors(header, value))
        elif header.value.get("required", False) and name.lower() != "content-type":
            yield f"header {name}: missing"


def _find_value_errors(header: Node, value: str) -> list[str]:
    """Return what is wrong with a header; text stands for whatever it can (OpenAPI 3.1 §4.8.21, style ``simple``)."""
    for media_type in header.members("content").values():
        return _find_json_errors(media_type, value)
    schema = header.schema()
    found = [schema.find_violations(reading) for reading in _readings(value)] if schema else [[]]
    return [] if [] in found else [violation.text for violation in found[0]]


def _find_json_errors(media_type: Node, value: str) -> list[str]:
    schema = media_type.schema()
    try:
        document = json.loads(value)
    except ValueError as exc:
        return [f"{cut(repr(value))} is not JSON ({exc})"]
    return [violation.text for violation in schema.find_violations(document)] if schema else []


def _readings(value: str) -> Iterator[Any]:
    """Yield what a header may stand for: the likeliest first, which errors are told of."""
    yield _read_scalar(value)
    yield value
    parts = [part.strip() for part in value.split(",")] if value else []
    yield [_read_scalar(part) for part in parts]
    yield parts
    pairs = [part.split("=", 1) for part in parts] if all("=" in part for part in parts) else _in_pairs(parts)
    yield {name: _read_scalar(text) for name, text in pairs}
    yield dict(pairs)


def _in_pairs(parts: list[str]) -> list[list[str]]:
    return [parts[index : index + 2] for index in range(0, len(parts) - 1, 2)]


def _read_scalar(text: str) -> Any:
    return json.loads(text) if text in {"true", "false", "null"} or _NUMBER.fullmatch(text) else text


def _matches(template: str, path: str, last: str) -> bool:
    """Return whether a path is one of a template, whose last expression stands for what that pattern matches."""
    *literals, end = map(re.escape, _EXPRESSION.split(template))
    pattern = last.join([_SEGMENT.join(literals), end]) if literals else end
    return re.fullmatch(pattern, path) is not None


def _escape(key: str) -> str:
    return quote(key.replace("~", "~0").replace("/", "~1"), safe="~")
