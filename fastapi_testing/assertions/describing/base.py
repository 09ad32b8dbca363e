"""What the assertions on responses and documents have in common: how they read, and how they fail."""

import json
from typing import Any, NoReturn

from fastapi_testing.assertions.describing.describe import cut, describe_body, describe_request, describe_status
from fastapi_testing.assertions.describing.exchange import describe_behind
from fastapi_testing.assertions.describing.masked import MaskedFailures
from fastapi_testing.assertions.describing.response import is_response, media_type

__all__ = ["DocumentAssertions"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks


class DocumentAssertions(MaskedFailures):
    """Base of the mixins whose assertions take a response, or a JSON document in another form."""

    def _fail(self, actual: Any, standard: str, msg: Any) -> NoReturn:
        """Fail with the standard message, behind what was asked if this is a response."""
        asked = f"{describe_request(actual)}: " if is_response(actual) else ""
        self.fail(self._formatMessage(msg, f"{asked}{standard}{describe_behind(actual)}"))

    def _parse(self, actual: Any, msg: Any) -> Any:
        """Return the document of a response, or of JSON text; any other value is a document."""
        text = actual.content if is_response(actual) else actual
        if not isinstance(text, str | bytes | bytearray):
            return text
        try:
            return json.loads(text)
        except ValueError as exc:
            error = exc
        return self._fail(actual, _describe_no_json(actual, error), msg)


def _describe_no_json(actual: Any, error: ValueError) -> str:
    if not is_response(actual):
        return f"expected JSON text, got {cut(repr(actual))} ({error})"
    kind = media_type(actual) or "no Content-Type"
    return f"expected a JSON body, got {describe_status(actual)} with {kind} ({error}); {describe_body(actual)}"
