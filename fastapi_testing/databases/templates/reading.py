"""What a ``create_schema`` depends on, as far as its source says it: what it reads of its class, and of its module."""

import ast
import functools
import inspect
import textwrap
from tokenize import TokenError
from types import FunctionType
from typing import Any, NamedTuple

__all__ = ["Reading", "reading_of"]

_UNTOLD = frozenset({"__class__", "eval", "exec", "globals", "locals", "vars"})
"""Names by which a function gets at what it does not name."""


class Reading(NamedTuple):
    """The names that a function reads: attributes of the class that it is given, and others, such as its module's."""

    attributes: frozenset[str]
    others: frozenset[str]


@functools.cache
def reading_of(function: Any) -> Reading | None:
    """
    Return what the function of a class method reads; None where that cannot be told.

    So it is where the class is handed on or an attribute of it set, where a global is set, where there is no source, or
    something around the function, and where it is made within another one, whose variables it may have.
    """
    definition = _definition(function)
    if definition is None or not (parameters := [*definition.args.posonlyargs, *definition.args.args]):
        return None
    nodes = list(ast.walk(definition))
    names = [node for node in nodes if isinstance(node, ast.Name)]
    of_class = (parameters[0].arg, "super")
    attributes = dict(_attributes(node) for node in nodes if isinstance(node, ast.Attribute))
    if any(isinstance(node, ast.Global | ast.Nonlocal) for node in nodes) or _UNTOLD & {name.id for name in names}:
        return None
    if any(name.id in of_class and id(name) not in attributes for name in names):
        return None
    return Reading(
        frozenset(attributes[id(name)] for name in names if name.id in of_class),
        frozenset(name.id for name in names if name.id not in of_class),
    )


def _definition(function: Any) -> ast.FunctionDef | ast.AsyncFunctionDef | None:
    if not isinstance(function, FunctionType) or hasattr(function, "__wrapped__"):
        return None
    if "<locals>" in function.__qualname__:
        return None
    try:
        (statement,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    except (OSError, SyntaxError, ValueError, TokenError):
        return None
    return statement if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef) else None


def _attributes(node: ast.Attribute) -> tuple[int, str]:
    """Return of which expression an attribute is read: of a name, or of a call such as ``super()`` the name in it."""
    value = node.value
    if isinstance(value, ast.Call) and not value.args:
        value = value.func
    return (id(value) if isinstance(node.ctx, ast.Load) else 0), node.attr
