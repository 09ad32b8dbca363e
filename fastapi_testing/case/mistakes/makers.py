"""Which lines of a function may have made a coroutine: read from its source, once a test has dropped it."""

import ast
import linecache
from collections.abc import Iterator
from types import CodeType, FrameType
from typing import Any

from fastapi_testing.case.mistakes.bodies import unwrapped

__all__ = ["code_called_from", "lines_that_make"]

_HOLDING = ("coroutine", "function", "func")
"""Variables in which who calls a test, or a hook, has it: this package, and what :mod:`unittest.mock` wraps it in."""

_Function = ast.FunctionDef | ast.AsyncFunctionDef


def code_called_from(frame: FrameType) -> CodeType | None:
    """Return the code of the test or the hook that a frame has called; None where it shows none."""
    for name in _HOLDING:
        called: Any = frame.f_locals.get(name)
        code = getattr(called, "cr_code", None) or getattr(unwrapped(called), "__code__", None)
        if isinstance(code, CodeType):
            return code
    return None


def lines_that_make(code: CodeType, name: str) -> list[int]:
    """
    Return the lines of a function that call something by the name of a coroutine's function, and do not await it.

    Those that do nothing with what the call returns are left out: what they make is dropped there and then.

    Args:
        code: The function's.
        name: Of what is called, without what it belongs to.
    """
    lines = "".join(linecache.getlines(code.co_filename))
    try:
        module = ast.parse(lines)
    except SyntaxError:  # such as that of a file that has changed since
        return []
    function = next((each for each in ast.walk(module) if _is(each, code)), None)
    return [] if function is None else sorted({*_keeping(function, name)})


def _is(node: ast.AST, code: CodeType) -> bool:
    if not isinstance(node, _Function) or node.name != code.co_name:
        return False
    return min([node.lineno, *(each.lineno for each in node.decorator_list)]) == code.co_firstlineno


def _keeping(node: ast.AST, name: str) -> Iterator[int]:
    for child in ast.iter_child_nodes(node):
        awaited = isinstance(node, ast.Await | ast.Expr) and isinstance(child, ast.Call)
        if isinstance(child, ast.Call) and not awaited and _name_of(child.func) == name:
            yield child.lineno
        if not isinstance(child, _Function | ast.Lambda):  # what these hold ends with them
            yield from _keeping(child, name)


def _name_of(function: ast.expr) -> str:
    return function.attr if isinstance(function, ast.Attribute) else getattr(function, "id", "")
