"""What the package waits for, as its source says: each await, and each call that blocks a thread."""

import ast
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import fastapi_testing

__all__ = ["PACKAGE", "found_in", "waits_of"]

PACKAGE = Path(fastapi_testing.__file__).parent

BLOCKING = {"acquire", "close", "get", "join", "recv", "run", "run_until_complete", "select", "wait"}
"""Methods that block a thread until somebody else does something."""

_LONG = 36
"""Characters of what is called that are shown."""

HARMLESS = {"asyncio.sleep", "_sleep"}
"""What the clock ends, after a time that the call says."""

LIBRARYS = {"send"}
"""Methods that are a library's in one class of this package, and its own in another: they are looked at in both."""

OURS = {
    *(
        "self",
        "cls",
        "self._case",
        "cls._framework_shared_server",
        "self.server",
        "server",
        "self.lifespan",
        "self.server_state",
    ),
    *("self._pool", "self._transport", "self._own_transport", "transport", "self.transport", "exchange"),
    *("self.http", "self.http.ws", "self.ws", "self.client", "self._settling", "look", "source"),
    *("self._shared", "self._baseline", "isolation", "self._running_isolation()", "_current.get()"),
    *("response.websocket()", "self.websocket()"),
}
"""What is of this package wherever it is called: the waits in it are looked at where it stands."""


def waits_of(package: Path = PACKAGE) -> Counter[str]:
    """Return where the package waits for somebody else, as ``module function: what is called``, and how often."""
    sources = {path: path.read_text("utf-8") for path in sorted(package.rglob("*.py"))}
    trees = {path: ast.parse(source) for path, source in sources.items() if not source.startswith("# Generated")}
    own = {name for tree in trees.values() for name in _coroutine_functions(tree)} - LIBRARYS
    found: Counter[str] = Counter()
    for path, tree in trees.items():
        module = path.relative_to(package).with_suffix("").as_posix()
        found.update(f"{module} {where}" for where in found_in(tree, own))
    return found


def found_in(tree: ast.AST, own: set[str]) -> Iterator[str]:
    """Yield where a source waits for what is no coroutine function of its own."""
    yield from _walk(tree, "", own, awaited=False)


def _walk(node: ast.AST, scope: str, own: set[str], *, awaited: bool) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        is_scope = isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
        within = f"{scope}.{child.name}".lstrip(".") if is_scope else scope  # type: ignore[attr-defined]
        for what in _waited_for(child, own, awaited=awaited):
            yield f"{within}: {what}"
        yield from _walk(child, within, own, awaited=isinstance(child, ast.Await))


def _waited_for(node: ast.AST, own: set[str], *, awaited: bool) -> Iterator[str]:
    """Yield what a node waits for itself."""
    match node:
        case ast.Await(value=value):
            if not _is_own(value, own) and _name(value) not in HARMLESS:
                yield f"await {_name(value)}"
        case ast.AsyncFor(iter=iterated):
            yield f"async for {_name(iterated)}"
        case ast.AsyncWith(items=items):
            for item in items:
                if _name(item.context_expr) != "asyncio.timeout" and not _is_own(item.context_expr, own):
                    yield f"async with {_name(item.context_expr)}"
        case ast.Call(func=ast.Attribute(attr=attribute)) if attribute in BLOCKING and not awaited and _blocks(node):
            yield _name(node)
        case _:
            pass


def _is_own(value: ast.expr, own: set[str]) -> bool:
    """Tell whether a function of the package is called, whose own waits are looked at where it stands."""
    if not isinstance(value, ast.Call):
        return False
    match value.func:
        case ast.Name(id=name):
            return name in own
        case ast.Attribute(value=receiver, attr=name):
            return name in own and ast.unparse(receiver) in OURS
        case _:
            return False


def _blocks(call: ast.Call) -> bool:
    """Tell a method that waits from one of a dict, a string or a context variable that is called the same."""
    assert isinstance(call.func, ast.Attribute)
    receiver = ast.unparse(call.func.value)
    match call.func.attr:
        case "recv" | "wait" if ast.unparse(call).startswith("asyncio."):
            return False  # awaited where it is given to
        case "get":
            return receiver in ("opened", "self._news")  # the queues
        case "join":
            return "thread" in receiver
        case "select":
            return receiver == "select"
        case "run" | "close":
            return receiver.endswith("runner") or receiver in ("class_loop", "whole")
        case _:
            return True


def _name(node: ast.expr) -> str:
    """Return what is called, without its arguments; of anything else, its beginning."""
    text = ast.unparse(node.func if isinstance(node, ast.Call) else node)
    return text if len(text) <= _LONG else f"{text[:_LONG]}..."


def _coroutine_functions(tree: ast.AST) -> Iterator[str]:
    return (node.name for node in ast.walk(tree) if isinstance(node, ast.AsyncFunctionDef))
