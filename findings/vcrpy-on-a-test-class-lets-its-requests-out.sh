#!/bin/sh
# Guess: @vcr.use_cassette() on a test class holds for each of its tests, as unittest.mock.patch() does, or is refused.
# What happens: the cassette is open while the class is called, which makes the test object, and shut before the test
#   is run. The requests go out, also with record_mode="none"; no cassette is read or written, and nothing is said.
# Seen with: vcrpy 9.4.2, httpx 0.28.1, on Python 3.11
# Why it matters: tests that are believed to be played back call the real service each time, pay for it, write to it,
#   and fail with it. Put it on each method, or enter the cassette in setUp.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq vcrpy==9.4.2 httpx==0.28.1
cd "$folder"
cat > program.py <<'END'
import http.server
import threading
import unittest
from pathlib import Path

import httpx
import vcr

requests = []


class Service(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        requests.append(self.path)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


server = http.server.HTTPServer(("127.0.0.1", 0), Service)
threading.Thread(target=server.serve_forever, daemon=True).start()


class Prices(unittest.IsolatedAsyncioTestCase):
    async def test_price(self):
        async with httpx.AsyncClient(trust_env=False) as client:
            await client.get(f"http://127.0.0.1:{server.server_port}/price")


class ByMethod(Prices):
    test_price = vcr.use_cassette("method.yaml", record_mode="once")(Prices.test_price)


def run(name, test_class):
    requests.clear()
    result = unittest.TestResult()
    unittest.defaultTestLoader.loadTestsFromTestCase(test_class).run(result)
    print(f"{name}: passed {result.wasSuccessful()}, requests at the service {len(requests)}", end=", ")
    print("cassettes", [path.name for path in Path().glob("*.yaml")])


run("class, once", vcr.use_cassette("class.yaml", record_mode="once")(Prices))
run("class, none", vcr.use_cassette("class.yaml", record_mode="none")(Prices))
run("method, first run", ByMethod)
run("method, second run", ByMethod)
END
venv/bin/python program.py > seen
cat > expected <<'END'
class, once: passed True, requests at the service 1, cassettes []
class, none: passed True, requests at the service 1, cassettes []
method, first run: passed True, requests at the service 1, cassettes ['method.yaml']
method, second run: passed True, requests at the service 0, cassettes ['method.yaml']
END
cat seen
diff expected seen || { echo 'changed: this is no longer what happens' >&2; exit 1; }
