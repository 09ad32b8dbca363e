"""Songs that nobody has to invent."""

from typing import Any

from polyfactory.factories.pydantic_factory import ModelFactory

from songs.models import Song, SongCreate


class SongFactory(ModelFactory[SongCreate]):
    """Makes songs that the model allows; what a test cares about, it says."""

    __random_seed__ = 1

    @classmethod
    def row(cls, **fields: Any) -> Song:
        """Make a row of the table."""
        return Song.model_validate(cls.build(**fields))
