"""The songs over HTTP."""

from typing import Any

from songs.models import Song
from tests.case import SongsTestCase
from tests.factories import SongFactory

NEW = {"title": "Plum Tree", "artist": "The Nobodies", "genre": "ska", "year": 2024, "duration": 187}


class ListTests(SongsTestCase):
    """GET /songs. There are the hundred songs, and those that a test adds."""

    async def list_songs(self, **params: Any) -> list[dict[str, Any]]:
        """Ask for songs and return those of the page."""
        response = await self.client.get("/songs", params=params)
        self.assertStatus(response, 200)
        songs: list[dict[str, Any]] = response.json()["songs"]
        return songs

    async def test_first_page(self) -> None:
        """Without a query it is the first twenty songs, and how many there are."""
        response = await self.client.get("/songs")
        self.assertStatus(response, 200)
        self.assertHeader(response, "Content-Type", "application/json")
        self.assertJsonContains(response, {"total": 100})
        self.assertEqual([song["id"] for song in response.json()["songs"]], list(range(1, 21)))

    async def test_limit_and_offset(self) -> None:
        """A page has as many songs as asked for, from where it was asked for."""
        songs = await self.list_songs(limit=3, offset=40)
        self.assertEqual([song["id"] for song in songs], [41, 42, 43])

    async def test_offset_past_the_end(self) -> None:
        """A page after the last one is empty, and still says how many songs there are."""
        response = await self.client.get("/songs", params={"offset": 100})
        self.assertJsonEqual(response, {"total": 100, "songs": []})

    async def test_every_song_is_on_one_page(self) -> None:
        """The pages of a sorted list repeat no song and leave none out."""
        pages = [await self.list_songs(order="year", limit=25, offset=offset) for offset in range(0, 100, 25)]
        songs = [song["id"] for page in pages for song in page]
        self.assertCountEqual(songs, range(1, 101))

    async def test_order(self) -> None:
        """Songs are sorted by a field, up or down."""
        for order in ("year", "duration"):
            with self.subTest(order=order):
                songs = await self.list_songs(order=order, limit=100)
                self.assertEqual(songs, sorted(songs, key=lambda song: song[order]))
                songs = await self.list_songs(order=f"-{order}", limit=100)
                self.assertEqual(songs, sorted(songs, key=lambda song: song[order], reverse=True))

    async def test_order_of_titles(self) -> None:
        """How titles are sorted is up to the database; one way is the other way reversed."""
        down = await self.list_songs(order="-title", limit=100)
        self.assertEqual(await self.list_songs(order="title", limit=100), down[::-1])

    async def test_longest_song(self) -> None:
        """A sorted list of one song is how to find the longest."""
        response = await self.client.get("/songs?order=-duration&limit=1")
        self.assertJsonContains(response, {"songs": [{"title": "Second Moon", "duration": 484}]})

    async def test_filter_by_artist(self) -> None:
        """Only the songs of one artist are listed, and counted."""
        response = await self.client.get("/songs", params={"artist": "DJ Paraffin", "limit": 1})
        self.assertJsonContains(response, {"total": 9, "songs": [{"artist": "DJ Paraffin"}]})

    async def test_filter_by_genre(self) -> None:
        """A song that the test has put into the database is listed as any other."""
        self.session.add_all([SongFactory.row(genre="yodel"), SongFactory.row(genre="yodel"), SongFactory.row()])
        await self.session.commit()
        songs = await self.list_songs(genre="yodel")
        self.assertEqual(len(songs), 2)

    async def test_two_statements(self) -> None:
        """A page takes one statement to count the songs and one to read them, however many there are."""
        async with self.assertNumQueries(2):
            await self.list_songs(limit=100)

    async def test_filters_together(self) -> None:
        """A song has to pass every filter."""
        songs = await self.list_songs(genre="jazz", year_from=1954, year_to=1958, order="year")
        self.assertEqual(
            [(song["year"], song["title"]) for song in songs],
            [(1954, "The Long Division"), (1957, "The Clockmaker's Regret"), (1958, "Iron Lilies")],
        )

    async def test_wrong_query(self) -> None:
        """What the query may not say is refused, and the response names it."""
        for name, value in {"limit": "101", "offset": "-1", "order": "colour", "year_to": "soon", "page": "2"}.items():
            with self.subTest(name):
                response = await self.client.get("/songs", params={name: value})
                self.assertStatus(response, 422)
                self.assertJsonContains(response, {"detail": [{"loc": ["query", name]}]})

    async def test_trailing_slash(self) -> None:
        """The list has one address; a slash at its end leads there."""
        self.assertRedirects(await self.client.get("/songs/"), "/songs", status=307)


class ReadTests(SongsTestCase):
    """GET /songs/{id}."""

    async def test_read(self) -> None:
        """A song has an address and is found there."""
        response = await self.client.get("/songs/2")
        self.assertStatus(response, 200)
        self.assertJsonEqual(
            response,
            {
                "id": 2,
                "title": "Copper Rain",
                "artist": "The Tin Cartographers",
                "genre": "rock",
                "year": 1974,
                "duration": 253,
            },
        )

    async def test_missing(self) -> None:
        """A song that does not exist is not found."""
        response = await self.client.get("/songs/999")
        self.assertStatus(response, 404)
        self.assertContains(response, "there is no song 999", count=1)

    async def test_not_a_number(self) -> None:
        """An address that cannot be a song's is refused."""
        self.assertStatus(await self.client.get("/songs/second"), 422)


class CreateTests(SongsTestCase):
    """POST /songs. What a test creates is gone when the next one begins."""

    async def test_create(self) -> None:
        """The response is the song with its id."""
        response = await self.client.post("/songs", json=NEW)
        self.assertStatus(response, 201)
        self.assertJsonContains(response, NEW)

    async def test_one_more(self) -> None:
        """The list has one song more, and the database the one that was sent."""
        song = SongFactory.build()
        created = await self.client.post("/songs", json=song.model_dump())
        self.assertJsonContains(await self.client.get("/songs"), {"total": 101})
        row = await self.session.get_one(Song, created.json()["id"])
        self.assertEqual(row.model_dump(exclude={"id"}), song.model_dump())

    async def test_location(self) -> None:
        """The Location header leads to the song."""
        created = await self.client.post("/songs", json=NEW)
        self.assertHeader(created, "Location", f"/songs/{created.json()['id']}")
        read = await self.client.get(created.headers["Location"])
        self.assertJsonEqual(read, created.json())

    async def test_missing_field(self) -> None:
        """A song without an artist is refused, and is not in the list."""
        song = {"title": "Orphan", "genre": "lost", "year": 2024, "duration": 90}
        response = await self.client.post("/songs", json=song)
        self.assertStatus(response, 422)
        self.assertJsonContains(response, {"detail": [{"type": "missing", "loc": ["body", "artist"]}]})
        self.assertJsonContains(await self.client.get("/songs?genre=lost"), {"total": 0})

    async def test_wrong_field(self) -> None:
        """A song with a value that no song can have is refused."""
        for field, value in {"title": "", "year": 1066, "duration": 0}.items():
            with self.subTest(field):
                response = await self.client.post("/songs", json={**NEW, field: value})
                self.assertStatus(response, 422)
                self.assertJsonContains(response, {"detail": [{"loc": ["body", field]}]})


class UpdateTests(SongsTestCase):
    """PATCH /songs/{id}."""

    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        response = await self.client.post("/songs", json=NEW)
        self.path = response.headers["Location"]

    async def test_change_one_field(self) -> None:
        """The field that is sent changes, and the others stay."""
        response = await self.client.patch(self.path, json={"title": "Pear Tree"})
        self.assertStatus(response, 200)
        self.assertJsonContains(response, {**NEW, "title": "Pear Tree"})

    async def test_change_is_kept(self) -> None:
        """Who reads the song after that gets the new one."""
        await self.client.patch(self.path, json={"genre": "rocksteady", "year": 1967})
        response = await self.client.get(self.path)
        self.assertJsonContains(response, {**NEW, "genre": "rocksteady", "year": 1967})

    async def test_change_nothing(self) -> None:
        """An empty change is fine."""
        response = await self.client.patch(self.path, json={})
        self.assertStatus(response, 200)
        self.assertJsonContains(response, NEW)

    async def test_null(self) -> None:
        """A field can be left out of a change, but not taken from a song."""
        response = await self.client.patch(self.path, json={"title": None})
        self.assertStatus(response, 422)
        self.assertJsonContains(await self.client.get(self.path), NEW)

    async def test_missing(self) -> None:
        """A song that does not exist cannot be changed."""
        self.assertStatus(await self.client.patch("/songs/999", json={"title": "Pear Tree"}), 404)
