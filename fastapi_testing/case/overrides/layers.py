"""
Overrides of one dependency that lie upon one another, each of which can be taken away.

Theory of operation
-------------------

FastAPI knows one override of a dependency: the one in ``app.dependency_overrides``. A class, a test and a block in it
may each want another, and users may write into that dict themselves. So each override is a layer, which remembers what
it lies upon, and the layers of a dependency are in a list, the oldest first:

* A layer is put over what the dict has then: another layer, what somebody has set directly, or nothing.
* It is taken away once, in any order, as two tasks leave their blocks in any order. The next layer above it then lies
  upon what it lay upon.
* The dict changes with that only where no layer above it is in effect. So what somebody has set directly over a layer
  goes with that layer, as it does with ``unittest.mock.patch.dict``.

What is never so:

* What was taken away is in the dict, or under a layer that will bring it back.
* The dict itself is another one afterwards: only the entry of this dependency is written.

At the end of a test ``OverridesGuard`` brings back the whole dict, also where a block was never left. Layers
that are left then find nothing of theirs in the dict, and none is brought back by those that are taken away later.
"""

from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

__all__ = ["put_layer"]

_MISSING: Any = object()


class _Layer:
    """An override, and what it lies upon."""

    def __init__(self, override: Any, below: Any) -> None:
        self.override = override
        self.below = below


_layers: WeakKeyDictionary[Any, dict[Any, list[_Layer]]] = WeakKeyDictionary()
"""Those that have not been taken away, by app and dependency, the oldest first."""


def put_layer(app: Any, dependency: Callable[..., Any], override: Callable[..., Any]) -> Callable[[], None]:
    """
    Put an override upon what is there; return the function that takes it away, in whatever order that is done.

    Args:
        app: The FastAPI app.
        dependency: What is overridden.
        override: What is called instead.
    """
    layers = _layers.setdefault(app, {}).setdefault(dependency, [])
    layer = _Layer(override, app.dependency_overrides.get(dependency, _MISSING))
    layers.append(layer)
    app.dependency_overrides[dependency] = override

    def take_away() -> None:
        above = layers[layers.index(layer) + 1 :]
        if above:
            above[0].below = layer.below
        there = app.dependency_overrides.get(dependency, _MISSING)
        if all(each.override is not there for each in above):
            _set(app.dependency_overrides, dependency, layer.below)
        layers.remove(layer)

    return take_away


def _set(overrides: dict[Any, Any], dependency: Any, override: Any) -> None:
    if override is _MISSING:
        overrides.pop(dependency, None)
    else:
        overrides[dependency] = override
