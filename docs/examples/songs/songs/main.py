"""
The app.

Run it with ``uvicorn --factory songs.main:create_app``.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TypedDict

from fastapi import FastAPI

from songs import announcements, routes
from songs.announcements import Announcer
from songs.database import Sessions, open_database


class State(TypedDict):
    """What lives as long as the app runs; requests find it in ``request.state``."""

    sessions: Sessions
    announcer: Announcer


def create_app(database_url: str = "sqlite+aiosqlite:///songs.db") -> FastAPI:
    """Make an app that keeps its songs in this database."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[State]:
        async with open_database(database_url) as sessions:
            yield {"sessions": sessions, "announcer": Announcer()}

    app = FastAPI(title="Songs", lifespan=lifespan)
    app.include_router(routes.router)
    app.include_router(announcements.router)
    return app
