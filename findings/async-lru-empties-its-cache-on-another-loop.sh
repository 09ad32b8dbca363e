#!/bin/sh
# Guess: what alru_cache has cached is a plain value, and serves every event loop; only calls under way belong to one.
# What happens: with the first call on another loop the whole cache is emptied and the function called again, with a warning,
#   AlruCacheLoopResetWarning. Where warnings are errors, every call on the other loop raises it: it is not taken as given.
# Seen with: async-lru 2.4.0
# Why it matters: under `python -W error`, each request that needs the cached function is a 500 from the second test class on, if
#   each class has a loop of its own, and none is in production.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq async-lru==2.4.0
cd "$folder"
cat > program.py <<'END'
import asyncio
import sys
import warnings

from async_lru import alru_cache

calls = []


@alru_cache
async def price(item):
    calls.append(item)
    return 5


async def ask():
    try:
        return await price("pen")
    except Warning as exc:
        return type(exc).__name__


async def ask_twice():
    return [await ask() for _ in range(2)]


warnings.simplefilter(sys.argv[1])
for loop in ("first", "second"):
    print(f"{sys.argv[1]}, {loop} loop:", asyncio.run(ask_twice()), f"{len(calls)} calls")
END
venv/bin/python program.py ignore > seen
venv/bin/python program.py error >> seen
cat > expected <<'END'
ignore, first loop: [5, 5] 1 calls
ignore, second loop: [5, 5] 2 calls
error, first loop: [5, 5] 1 calls
error, second loop: ['AlruCacheLoopResetWarning', 'AlruCacheLoopResetWarning'] 1 calls
END
diff expected seen
echo "async-lru 2.4.0: as stated"
