#!/bin/sh
# Guess: FastAPICache.init(InMemoryBackend()) in each test's set-up starts with an empty cache.
# What happens: the entries are held by the class InMemoryBackend, so a new backend, after FastAPICache.reset(),
#   answers with what an earlier test or another app has cached.
# Seen with: fastapi-cache2 0.2.2, FastAPI 0.165.0
# Why it matters: a test that changed its database, its overrides or its whole app gets the answer of the test before
#   it, and passes or fails by the order of tests. `await FastAPICache.clear()` empties nothing either, where init was
#   given no prefix; a prefix for each test keeps them apart.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq fastapi-cache2==0.2.2 fastapi==0.165.0 httpx==0.28.1 jinja2==3.1.6
cd "$folder"
cat > program.py <<'END'
import asyncio

import httpx
from fastapi import FastAPI
from fastapi_cache import FastAPICache
from fastapi_cache.backends.inmemory import InMemoryBackend
from fastapi_cache.decorator import cache


async def test(name, **options):
    FastAPICache.reset()
    FastAPICache.init(InMemoryBackend(), **options)
    app = FastAPI()

    @app.get("/name")
    @cache(expire=60)
    async def read():
        return name

    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
        response = await client.get("/name")
        print(name, "got", response.text, response.headers["x-fastapi-cache"])


async def main():
    await test("first")
    await test("second")
    await FastAPICache.clear()
    await test("third")
    await test("fourth", prefix="fourth")


asyncio.run(main())
END
venv/bin/python program.py > seen
cat > expected <<'END'
first got "first" MISS
second got "first" HIT
third got "first" HIT
fourth got "fourth" MISS
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
