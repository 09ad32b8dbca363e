"""What the test classes of this project share."""

import csv
from pathlib import Path
from tempfile import TemporaryDirectory

from fastapi import FastAPI
from fastapi_testing import AsyncServerTestCase

from songs.main import create_app
from songs.models import Song

CSV = Path(__file__).with_name("songs.csv")


class SongsTestCase(AsyncServerTestCase):
    """Each class has an app and a database of its own, with the hundred songs of songs.csv in it."""

    @classmethod
    async def create_app(cls) -> FastAPI:
        folder = cls.enterClassContext(TemporaryDirectory())
        return create_app(f"sqlite+aiosqlite:///{folder}/songs.db")

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        await super().asyncSetUpClass()  # starts the server; its lifespan has made the tables
        with CSV.open(encoding="utf-8", newline="") as file:
            songs = [Song.model_validate(row) for row in csv.DictReader(file)]
        # The server runs on the event loop of the tests, so they can use what its lifespan opened.
        async with cls.server.state["sessions"]() as session:
            session.add_all(songs)
            await session.commit()
