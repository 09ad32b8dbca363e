"""What a test can claim of a document by the type that it is to be parsed as."""

import json
import re
from typing import TYPE_CHECKING, Any, TypeVar, overload

from pydantic import TypeAdapter, ValidationError

from fastapi_testing.assertions.describing.base import DocumentAssertions
from fastapi_testing.assertions.describing.describe import describe_answer, describe_json
from fastapi_testing.assertions.describing.response import is_response
from fastapi_testing.assertions.describing.validation import describe_count, describe_validation_errors

if TYPE_CHECKING:
    from typing_extensions import TypeForm

__all__ = ["ModelAssertions"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_T = TypeVar("_T")

_QUALIFIER = re.compile(r"(?:[A-Za-z_]\w*|<locals>)\.")
"""What stands before the name of a class in the repr of a type."""


class ModelAssertions(DocumentAssertions):
    """Assertions on what pydantic makes of a document, for any test case."""

    @overload
    def assertModel(self, actual: Any, model: type[_T], msg: Any = None) -> _T: ...

    @overload
    def assertModel(self, actual: Any, model: "TypeForm[_T]", msg: Any = None) -> _T: ...

    def assertModel(self, actual: Any, model: Any, msg: Any = None) -> Any:
        """
        Fail unless the document can be parsed as the type, and return it so.

        ::

            item = self.assertModel(response, Item)
            items = self.assertModel(response, list[Item])

        Args:
            actual: A response, JSON text, or a document.
            model: A pydantic model, or any other type that pydantic knows: a dataclass, ``list[Item]``,
                ``Item | None``. JSON is what is parsed, so a strict ``datetime`` takes a string.
            msg: What to say besides.

        Returns:
            What pydantic makes of the document, of that type.

        Raises:
            pydantic.PydanticSchemaGenerationError: If pydantic does not know the type.
        """
        document = self._parse(actual, msg)
        try:
            return TypeAdapter(model).validate_json(json.dumps(document))
        except ValidationError as exc:
            errors = exc.errors(include_url=False, include_context=False)
        got = describe_answer(actual) if is_response(actual) else describe_json(document)
        standard = f"JSON is no {_name(model)}, {describe_count(len(errors))}:{describe_validation_errors(errors)}"
        return self._fail(actual, f"{standard}\ngot {got}", msg)


def _name(model: Any) -> str:
    return model.__name__ if isinstance(model, type) else _QUALIFIER.sub("", repr(model))
