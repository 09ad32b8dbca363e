#!/bin/sh
# Guess: FastAPIInstrumentor.instrument_app() has an app traced from then on, and after uninstrument_app() again.
# What happens: an app that has started or answered anything before is not traced, and nothing says so: instrument_app()
#   changes how the stack of middleware is built, which has been built by then. For the same reason an app that was traced, and
#   is not any more, cannot be traced again.
# Seen with: opentelemetry-instrumentation-fastapi 0.66b2, FastAPI 0.165.0, Starlette 1.10.0
# Why it matters: in a suite, the app of a module has served other tests already: a test class that instruments it in its set-up
#   sees no span, and passes alone; one that takes it back in its tear-down leaves the app without for good.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq opentelemetry-instrumentation-fastapi==0.66b2 opentelemetry-sdk \
  fastapi==0.165.0 starlette==1.10.0 httpx==0.28.1
cd "$folder"
cat > program.py <<'END'
import asyncio
import logging

import httpx
from fastapi import FastAPI
from opentelemetry.instrumentation.fastapi import FastAPIInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

logging.disable()
exporter = InMemorySpanExporter()
provider = TracerProvider()
provider.add_span_processor(SimpleSpanProcessor(exporter))


def make_app():
    app = FastAPI()

    @app.get("/items")
    async def items():
        return []

    return app


async def ask(app):
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") as client:
        return (await client.get("/items")).status_code


def spans(app):
    exporter.clear()
    status = asyncio.run(ask(app))
    return status, "traced" if exporter.get_finished_spans() else "not traced"


app = make_app()
FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)
print("instrumented at once:", *spans(app))
FastAPIInstrumentor.uninstrument_app(app)
print("uninstrumented:", *spans(app))
FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)
print("instrumented again:", *spans(app))

app = make_app()
spans(app)
FastAPIInstrumentor.instrument_app(app, tracer_provider=provider)
print("instrumented after an answer:", *spans(app))
END
venv/bin/python -W ignore program.py > seen
cat > expected <<'END'
instrumented at once: 200 traced
uninstrumented: 200 not traced
instrumented again: 200 not traced
instrumented after an answer: 200 not traced
END
diff expected seen
echo "opentelemetry-instrumentation-fastapi 0.66b2: as stated"
