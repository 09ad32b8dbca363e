"""What a test can claim of the template that a page was made of, and of what it was filled with."""

from typing import Any

from fastapi_testing.assertions.describing.base import DocumentAssertions
from fastapi_testing.assertions.describing.describe import cut, describe_answer
from fastapi_testing.assertions.describing.response import Response, is_response
from fastapi_testing.hints.foreign import explain_keywords
from fastapi_testing.hints.names import ASSERTION_KEYWORDS

__all__ = ["TemplateAssertions"]

__unittest = True  # unittest leaves the frames of this module out of tracebacks

_SEEN = (
    "a template is seen where Starlette's Jinja2Templates makes the response, and what stands around it lets that by"
)


class TemplateAssertions(DocumentAssertions):
    """
    Assertions on pages that Starlette's ``Jinja2Templates`` makes, for any test case.

    They take the responses of this package's clients, of other clients that a test gives itself, and of Starlette's
    TestClient: those have ``template`` and ``context``.
    """

    @explain_keywords(ASSERTION_KEYWORDS)
    def assertTemplateUsed(self, response: Response, name: str, msg: Any = None) -> None:
        """
        Fail unless the response was made of the template.

        ::

            self.assertTemplateUsed(response, "cart.html")

        Args:
            response: The response.
            name: The name of the template that the app has named; those that it extends or includes are not known.
            msg: What to say besides.
        """
        template = self._rendered(response, "template", f"template {name!r}", msg)
        if _name(template) != name:
            self._fail(response, f"expected template {name!r}, got {_name(template)!r}", msg)

    @explain_keywords(ASSERTION_KEYWORDS)
    def assertContext(self, response: Response, name: str, expected: Any, msg: Any = None) -> None:
        """
        Fail unless the template of the response was given a variable with a value.

        ::

            self.assertContext(response, "total", 3)

        Args:
            response: The response.
            name: The name of the variable.
            expected: Its value.
            msg: What to say besides.
        """
        context = self._rendered(response, "context", f"a template with {name!r}", msg)
        whose = f"in the context of {_name(getattr(response, 'template', None))!r}"
        if name not in context:
            names = ", ".join(map(repr, sorted(context)))
            self._fail(response, f"expected {name!r} {whose}, which has {names or 'nothing'}", msg)
        if context[name] != expected:
            got = cut(repr(context[name]))
            self._fail(response, f"expected {name!r} {whose} to be {cut(repr(expected))}, got {got}", msg)

    def _rendered(self, response: Response, what: str, wanted: str, msg: Any) -> Any:
        if not is_response(response):
            raise TypeError(f"expected a response, got {response!r}")
        found = getattr(response, what, None)
        if found is None:
            self._fail(
                response, f"expected {wanted}, but none was rendered; got {describe_answer(response)}\n{_SEEN}", msg
            )
        return found


def _name(template: Any) -> Any:
    return getattr(template, "name", template)
