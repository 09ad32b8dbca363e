"""What the test classes of this project share."""

import csv
from pathlib import Path

from fastapi import FastAPI
from fastapi_testing import AsyncServerTestCase
from fastapi_testing.databases import SQLAlchemyMixin
from sqlmodel import SQLModel
from sqlmodel.ext.asyncio.session import AsyncSession

from songs.database import open_session
from songs.main import create_app
from songs.models import Song

CSV = Path(__file__).with_name("songs.csv")


class SongsTestCase(SQLAlchemyMixin, AsyncServerTestCase):
    """Each class has a database with the hundred songs of songs.csv in it, and each test finds just these."""

    metadata = SQLModel.metadata
    session_class = AsyncSession
    session_dependency = open_session
    session: AsyncSession

    @classmethod
    async def create_app(cls) -> FastAPI:
        return create_app(cls.engine.url.render_as_string(hide_password=False))

    @classmethod
    async def asyncSetUpTestData(cls) -> None:
        with CSV.open(encoding="utf-8", newline="") as file:
            cls.session.add_all([Song.model_validate(row) for row in csv.DictReader(file)])
