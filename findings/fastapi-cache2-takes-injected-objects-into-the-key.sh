#!/bin/sh
# Guess: @cache() on an endpoint caches by request, with or without a dependency such as a database session.
# What happens: the values of dependencies are part of the key by their repr. A session, made anew for each request,
#   is another address each time: never a hit.
# Seen with: fastapi-cache2 0.2.2, FastAPI 0.165.0
# Why it matters: a cache that never hits fails no test of the answers, and production recomputes all. Tests should
#   look at the header X-FastAPI-Cache, and endpoints with dependencies need a key_builder of their own.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq fastapi-cache2==0.2.2 fastapi==0.165.0 httpx==0.28.1 jinja2==3.1.6
cd "$folder"
cat > program.py <<'END'
import asyncio

import httpx
from fastapi import Depends, FastAPI
from fastapi_cache import FastAPICache
from fastapi_cache.backends.inmemory import InMemoryBackend
from fastapi_cache.decorator import cache

app = FastAPI()
sessions = [object() for _ in range(9)]


def session():
    return sessions.pop()


@app.get("/plain")
@cache(expire=60)
async def plain(): ...


@app.get("/injected")
@cache(expire=60)
async def injected(db: object = Depends(session)): ...


async def main():
    FastAPICache.init(InMemoryBackend())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://app") as client:
        for path in ("/plain", "/injected"):
            print(path, [(await client.get(path)).headers["x-fastapi-cache"] for _ in range(3)])


asyncio.run(main())
END
venv/bin/python program.py > seen
cat > expected <<'END'
/plain ['MISS', 'HIT', 'HIT']
/injected ['MISS', 'MISS', 'MISS']
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
