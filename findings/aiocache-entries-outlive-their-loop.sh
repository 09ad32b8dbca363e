#!/bin/sh
# Guess: an entry of aiocache's memory cache is gone once its `ttl` is over.
# What happens: the entry is taken out by a timer of the event loop on which it was set, and by nothing else. Where that loop
#   has ended before, the entry stays: on the next loop it is still there when its time is long over.
# Seen with: aiocache 0.12.3
# Why it matters: in a suite whose tests have a loop each, a cache of the app's module keeps what an earlier test has put in,
#   for ever; moving the clock on does not help either, as no code compares any times.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq aiocache==0.12.3
cd "$folder"
cat > program.py <<'END'
import asyncio
import time

from aiocache import SimpleMemoryCache

cache = SimpleMemoryCache()


async def wait_on_one_loop():
    await cache.set("price", 1, ttl=0.2)
    await asyncio.sleep(0.5)
    return await cache.get("price")


async def put():
    await cache.set("price", 1, ttl=0.2)


async def get():
    await asyncio.sleep(0.5)
    return await cache.get("price")


print("one loop:", asyncio.run(wait_on_one_loop()))
asyncio.run(put())
time.sleep(0.5)
print("another loop:", asyncio.run(get()))
END
venv/bin/python program.py > seen
cat > expected <<'END'
one loop: None
another loop: 1
END
diff expected seen
echo "aiocache 0.12.3: as stated"
