"""The cache of the weather report: on a fake Redis, and the same on a real one."""

import unittest
from unittest.mock import AsyncMock

from fakeredis import FakeAsyncRedis, FakeServer
from fastapi_testing import AsyncServerTestCase
from redis.asyncio import Redis

from redis_server import EXECUTABLE, run_redis
from weather import SECONDS, app, get_cache, get_station


class CacheTests(AsyncServerTestCase):
    """What holds of every cache; the classes below say which."""

    app = app
    cache: Redis

    async def asyncSetUp(self) -> None:
        self.station = AsyncMock(measure=AsyncMock(return_value="rain"))
        self.override_dependency(get_station, value=self.station)

    async def test_asked_once(self) -> None:
        """The second answer comes from the cache."""
        for _ in range(2):
            self.assertJsonEqual(await self.client.get("/weather/Oslo"), "rain")
        self.station.measure.assert_awaited_once_with("Oslo")

    async def test_lifetime(self) -> None:
        """What was measured is good for ten minutes."""
        await self.client.get("/weather/Oslo")
        self.assertIn(await self.cache.ttl("weather:Oslo"), range(1, SECONDS + 1))

    async def test_expired(self) -> None:
        """What the cache has let go of is measured again."""
        await self.client.get("/weather/Oslo")
        await self.cache.expire("weather:Oslo", 0)
        await self.client.get("/weather/Oslo")
        self.assertEqual(self.station.measure.await_count, 2)

    async def test_forgotten(self) -> None:
        """What is to be forgotten is not in the cache any more."""
        await self.cache.set("weather:Oslo", "snow")
        self.assertJsonEqual(await self.client.get("/weather/Oslo"), "snow")
        await self.client.delete("/weather/Oslo")
        self.assertJsonEqual(await self.client.get("/weather/Oslo"), "rain")


class FakeCacheTests(CacheTests):
    """A Redis that is a Python object: nothing to install, nothing to start, nothing to wait for."""

    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        self.redis = FakeServer()
        self.cache = await self.enterAsyncContext(FakeAsyncRedis(server=self.redis, decode_responses=True))
        self.override_dependency(get_cache, value=self.cache)

    async def test_cache_is_down(self) -> None:
        """Without its cache, the app asks the station each time."""
        self.redis.connected = False
        for _ in range(2):
            self.assertJsonEqual(await self.client.get("/weather/Oslo"), "rain")
        self.assertEqual(self.station.measure.await_count, 2)


@unittest.skipIf(EXECUTABLE is None, "there is no redis-server: `apt install redis-server`, `brew install redis`")
class RealCacheTests(CacheTests):
    """A real Redis, once for the class, and emptied for each test."""

    @classmethod
    async def asyncSetUpClass(cls) -> None:
        socket = await cls.enterAsyncClassContext(run_redis())
        cls.cache = await cls.enterAsyncClassContext(Redis(unix_socket_path=socket, decode_responses=True))
        await super().asyncSetUpClass()
        cls.override_dependency(get_cache, value=cls.cache)

    async def asyncSetUp(self) -> None:
        await super().asyncSetUp()
        await self.cache.flushdb()


del CacheTests  # the loader would run it, too, and it has no cache
