"""What a song is: in the database, in a request and in a response."""

from typing import Any, Literal

from pydantic import ConfigDict, field_validator
from sqlmodel import Field, SQLModel

Order = Literal["id", "title", "-title", "year", "-year", "duration", "-duration"]


class SongFields(SQLModel):
    """What everybody may know of a song, and what its author says of it."""

    title: str = Field(min_length=1, max_length=100)
    artist: str = Field(min_length=1, max_length=100, index=True)
    genre: str = Field(min_length=1, max_length=30, index=True)
    year: int = Field(ge=1900, le=2100)
    duration: int = Field(gt=0, description="seconds")


class Song(SongFields, table=True):
    """A row of the table."""

    id: int | None = Field(default=None, primary_key=True)


class SongCreate(SongFields):
    """The body of ``POST /songs``."""


class SongUpdate(SQLModel):
    """The body of ``PATCH /songs/{id}``: a field that is left out stays as it is."""

    title: str | None = Field(default=None, min_length=1, max_length=100)
    artist: str | None = Field(default=None, min_length=1, max_length=100)
    genre: str | None = Field(default=None, min_length=1, max_length=30)
    year: int | None = Field(default=None, ge=1900, le=2100)
    duration: int | None = Field(default=None, gt=0)

    @field_validator("*", mode="before")
    @classmethod
    def refuse_null(cls, value: Any) -> Any:
        """Tell a field that is left out, which is fine, from one that is null, which no song can have."""
        if value is None:
            raise ValueError("must not be null")
        return value


class SongRead(SongFields):
    """A song in a response."""

    id: int


class SongPage(SQLModel):
    """The response of ``GET /songs``."""

    total: int
    songs: list[SongRead]


class SongQuery(SQLModel):
    """The query of ``GET /songs``."""

    model_config = ConfigDict(extra="forbid")  # type: ignore[assignment]  # SQLModel has a type of its own for it

    limit: int = Field(default=20, ge=1, le=100)
    offset: int = Field(default=0, ge=0)
    order: Order = "id"
    artist: str | None = None
    genre: str | None = None
    year_from: int | None = None
    year_to: int | None = None
