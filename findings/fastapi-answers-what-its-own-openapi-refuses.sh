#!/bin/sh
# Guess: what FastAPI answers by a response model conforms to the schema that it documents for it, as pydantic has checked it; a
#   float that is NaN or infinite is an error 500, as JSON has no such number and Starlette's JSONResponse refuses it.
# What happens: NaN and infinity are answered with 200 and `null`, which the documented `"type": "number"` does not allow.
#   A validator of JSON Schema refuses more that is meant to be right: 19.99 as a multiple of 0.01, which jsonschema divides
#   as floats; a naive datetime as a "date-time", where the format is checked; and a pattern of Rust, in which pydantic has
#   them, is an error of Python's `re`.
# Seen with: FastAPI 0.165.0, pydantic 2.14.4, jsonschema 4.26.0, rfc3339-validator 0.1.4
# Why it matters: checked against its own OpenAPI, an app fails for prices and dates that are right; and it has sent `null` where
#   its clients were promised a number.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq fastapi==0.165.0 pydantic==2.14.4 httpx==0.28.1 jsonschema==4.26.0 rfc3339-validator==0.1.4
cd "$folder"
cat > program.py <<'END'
import asyncio
import math
from datetime import datetime
from typing import Annotated

import httpx
from fastapi import FastAPI
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from pydantic import Field, StringConstraints

app = FastAPI()


@app.get("/nan")
async def nan() -> float:
    return math.nan


@app.get("/infinity")
async def infinity() -> float:
    return math.inf


@app.get("/price")
async def price() -> Annotated[float, Field(multiple_of=0.01)]:
    return 19.99


@app.get("/naive")
async def naive() -> datetime:
    return datetime(2026, 1, 2)


@app.get("/letter")
async def letter() -> Annotated[str, StringConstraints(pattern=r"^\p{Lu}$")]:
    return "A"


async def main():
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for path, operations in app.openapi()["paths"].items():
            response = await client.get(path)
            schema = operations["get"]["responses"]["200"]["content"]["application/json"]["schema"]
            try:
                Draft202012Validator(schema, format_checker=FormatChecker()).validate(response.json())
                verdict = "conforms"
            except ValidationError as exc:
                verdict = exc.message
            except Exception as exc:
                verdict = f"{type(exc).__module__}: {exc}"
            print(path, response.status_code, response.text, "|", verdict)


asyncio.run(main())
END
venv/bin/python program.py > seen
cat > expected <<'END'
/nan 200 null | None is not of type 'number'
/infinity 200 null | None is not of type 'number'
/price 200 19.99 | 19.99 is not a multiple of 0.01
/naive 200 "2026-01-02T00:00:00" | '2026-01-02T00:00:00' is not a 'date-time'
/letter 200 "A" | re: bad escape \p at position 1
END
diff expected seen
echo "FastAPI 0.165.0: as stated"
