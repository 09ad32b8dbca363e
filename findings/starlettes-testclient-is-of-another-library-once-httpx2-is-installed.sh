#!/bin/sh
# Guess: where httpx is installed, Starlette's TestClient is a client of httpx, and what another package brings into the same
#   environment changes nothing of that.
# What happens: with httpx alone a warning says that this is deprecated; as soon as httpx2 can be imported, it is of httpx2,
#   and there is no warning. Client, responses and exceptions are not httpx's then: `except httpx.HTTPStatusError` catches
#   nothing, an httpx.Auth is a TypeError, and httpx.Cookies are an AttributeError in the middle of httpx2.
# Seen with: starlette 1.10.0, httpx 0.28.1, httpx2 2.16.2
# Why it matters: packages that apps depend on bring httpx2 along with an update of theirs. A test that passes an
#   authentication or cookies fails then, on a line that nobody has changed; one that catches a failed request goes another
#   way. Environments that differ in such a package test with different clients.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq starlette==1.10.0 httpx==0.28.1
cd "$folder"
cat > client.py <<'END'
import httpx
from starlette.applications import Starlette
from starlette.testclient import TestClient

client = TestClient(Starlette())


def tell(what, ask):
    try:
        response = ask()
        response.raise_for_status()
    except httpx.HTTPStatusError:
        print(f"{what}: caught as httpx.HTTPStatusError")
    except Exception as exc:
        print(f"{what}: {type(exc).__module__}.{type(exc).__name__}")


print("of httpx:", isinstance(client, httpx.Client), isinstance(client.get("/"), httpx.Response))
tell("404", lambda: client.get("/"))
tell("auth", lambda: client.get("/", auth=httpx.BasicAuth("user", "word")))
tell("cookies", lambda: TestClient(Starlette(), cookies=httpx.Cookies({"a": "b"})).get("/"))
END
venv/bin/python -W ignore client.py > seen
echo "and with httpx2:" >> seen
venv/bin/pip install -qq httpx2==2.16.2
venv/bin/python -W error client.py >> seen
cat > expected <<'END'
of httpx: True True
404: caught as httpx.HTTPStatusError
auth: caught as httpx.HTTPStatusError
cookies: caught as httpx.HTTPStatusError
and with httpx2:
of httpx: False False
404: httpx2.HTTPStatusError
auth: builtins.TypeError
cookies: builtins.AttributeError
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
