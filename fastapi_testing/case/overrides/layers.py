"""Overrides of one dependency that lie upon one another, each of which can be taken away."""

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
"""By app and dependency, the top one last."""


def put_layer(app: Any, dependency: Callable[..., Any], override: Callable[..., Any]) -> Callable[[], None]:
    """
    Put an override upon what is there; return the function that takes it away, in whatever order that is done.

    Args:
        app: The FastAPI app.
        dependency: What is overridden.
        override: What is called instead.
    """
    layers = _layers.setdefault(app, {}).setdefault(dependency, [])
    _drop_buried(layers, app.dependency_overrides.get(dependency, _MISSING))
    layer = _Layer(override, app.dependency_overrides.get(dependency, _MISSING))
    layers.append(layer)
    app.dependency_overrides[dependency] = override

    def take_away() -> None:
        _drop_buried(layers, app.dependency_overrides.get(dependency, _MISSING))
        above = layers[layers.index(layer) + 1 :] if layer in layers else []
        if above:
            above[0].below = layer.below
        else:
            _set(app.dependency_overrides, dependency, layer.below)
        layers[:] = [each for each in layers if each is not layer]

    return take_away


def _drop_buried(layers: list[_Layer], there: Any) -> None:
    """Forget the layers over which somebody has set an override directly, or brought back a former one."""
    while layers and layers[-1].override is not there:
        layers.pop()


def _set(overrides: dict[Any, Any], dependency: Any, override: Any) -> None:
    if override is _MISSING:
        overrides.pop(dependency, None)
    else:
        overrides[dependency] = override
