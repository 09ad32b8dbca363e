#!/bin/sh
# Guess: aiter_lines() of httpx gives one item for each line of FastAPI's JSON Lines, as JSON escapes every line end
#   inside of text.
# What happens: FastAPI writes U+2028, U+2029 and U+0085 as they are, which JSON allows, and httpx and httpx2 end
#   lines at them too, as str.splitlines() does. The item comes in two halves, neither of them JSON.
# Seen with: FastAPI 0.165.0, httpx 0.28.1, httpx2 2.16.2
# Why it matters: U+2028 is common in text pasted from word processors. Split what arrives at b'\n' where a test feeds
#   such text; Server-Sent Events read by lines have it too.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq fastapi==0.165.0 httpx==0.28.1 httpx2==2.16.2
cd "$folder"
cat > program.py <<'END'
import asyncio
from collections.abc import AsyncIterable

import httpx
import httpx2
from fastapi import FastAPI
from pydantic import BaseModel

app = FastAPI()


class Song(BaseModel):
    text: str


@app.get("/songs")
async def songs() -> AsyncIterable[Song]:
    yield Song(text="one\u2028two")
    yield Song(text="three\x85four")


async def main():
    for library in (httpx, httpx2):
        transport = library.ASGITransport(app)
        async with library.AsyncClient(transport=transport, base_url="http://app") as client:
            async with client.stream("GET", "/songs") as response:
                lines = [line async for line in response.aiter_lines()]
            print(library.__name__, response.headers["content-type"], lines)
            print((await client.get("/songs")).content.count(b"\n"), "lines were sent")


asyncio.run(main())
END
venv/bin/python program.py > seen
cat > expected <<'END'
httpx application/jsonl ['{"text":"one', 'two"}', '{"text":"three', 'four"}']
2 lines were sent
httpx2 application/jsonl ['{"text":"one', 'two"}', '{"text":"three', 'four"}']
2 lines were sent
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
