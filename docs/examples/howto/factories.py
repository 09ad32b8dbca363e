"""Orders that nobody has to invent."""

from polyfactory import Use
from polyfactory.factories.pydantic_factory import ModelFactory

from purchases import Line, Order


class LineFactory(ModelFactory[Line]):
    """Makes lines that the model allows."""


class OrderFactory(ModelFactory[Order]):
    """Makes orders of two lines, by ordinary mail; what else a test cares about, it says."""

    lines = Use(LineFactory.batch, size=2)
    express = False
