"""The songs over HTTP, in plain tests."""

from fastapi_testing import ServerTestCase
from fastapi_testing.databases import SQLAlchemyMixin
from sqlalchemy.engine import Engine
from sqlmodel import Session, SQLModel

from jukebox import Song, app, get_session

NEW = {"title": "Plum Tree", "artist": "The Nobodies", "year": 2024}


class SongTests(SQLAlchemyMixin[Session, Engine], ServerTestCase):
    """Each test finds the three songs of the class."""

    app = app
    metadata = SQLModel.metadata
    session_dependency = get_session

    @classmethod
    def setUpTestData(cls) -> None:
        for year, title in enumerate(["Copper Rain", "Slow Harbour", "Nine Lamps"], start=1970):
            cls.session.add(Song(title=title, artist="Ada Finch", year=year))

    def test_first_page(self) -> None:
        """Songs are listed by year."""
        response = self.client.get("/songs", params={"limit": 2})
        self.assertJsonEqual(response, {"total": 3, "titles": ["Copper Rain", "Slow Harbour"]})

    def test_one_more(self) -> None:
        """A song that is made is in the database, under the address that the response has."""
        response = self.client.post("/songs", json=NEW)
        self.assertStatus(response, 201)
        song = self.session.get(Song, response.json()["id"])
        self.assertEqual((song and song.title, response.headers["Location"]), ("Plum Tree", "/songs/4"))

    def test_one_more_again(self) -> None:
        """What another test has made is not there."""
        self.assertStatus(self.client.post("/songs", json=NEW), 201)
        self.assertJsonContains(self.client.get("/songs"), {"total": 4})

    def test_title_is_taken(self) -> None:
        """A title is there once; the test's own session sees to that it is there."""
        self.session.add(Song.model_validate(NEW))
        self.session.commit()
        self.assertStatus(self.client.post("/songs", json=NEW), 409)

    def test_unknown(self) -> None:
        """A song that is not there cannot be played."""
        self.assertHTTPError(self.client.post("/songs/9/plays"), 404, "there is no song 9")

    def test_play(self) -> None:
        """It is counted in a background task, which is done when the client has the response."""
        self.client.post("/songs/1/plays")
        song = self.session.get(Song, 1)
        self.assertEqual(song and song.plays, 1)

    def test_statements(self) -> None:
        """A page takes two statements, however long it is."""
        with self.assertNumQueries(2):
            self.client.get("/songs")
