#!/bin/sh
# Guess: an app with an MCP server mounted in it can be started as often as any other: its lifespan enters
#   `session_manager.run()` anew each time.
# What happens: the second start fails, also long after the first has ended: run() may be entered once for each instance, and
#   the instance is made by streamable_http_app(), where the module is imported.
# Seen with: mcp 2.3.0, Starlette 1.10.0
# Why it matters: the app of a module serves the first test class, and no other one starts. A function that makes app and MCP
#   server anew, or one server for all classes, works.
set -eu
folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
python3 -m venv "$folder/venv"
"$folder/venv/bin/pip" install -qq mcp==2.3.0 starlette==1.10.0
cd "$folder"
cat > program.py <<'END'
import asyncio
import contextlib
import logging

from mcp.server.mcpserver import MCPServer
from starlette.applications import Starlette
from starlette.routing import Mount

logging.disable()


def make_app():
    tools = MCPServer("tools")
    mounted = tools.streamable_http_app()

    @contextlib.asynccontextmanager
    async def lifespan(app):
        async with tools.session_manager.run():
            yield

    return Starlette(routes=[Mount("/mcp", mounted)], lifespan=lifespan)


async def start(app):
    try:
        async with app.router.lifespan_context(app):
            return "started"
    except RuntimeError as exc:
        return f"RuntimeError: {str(exc).split('.')[0]}"


module_app = make_app()
print("one app:", [asyncio.run(start(module_app)) for _ in range(2)])
print("an app each:", [asyncio.run(start(make_app())) for _ in range(2)])
END
venv/bin/python -W ignore program.py > seen
cat seen | cut -c1-60 > short
cat > expected <<'END'
one app: ['started', 'RuntimeError: StreamableHTTPSessionMan
an app each: ['started', 'started']
END
diff expected short
echo "mcp 2.3.0: as stated"
