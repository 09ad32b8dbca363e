"""The exhibits of a museum, on Tortoise ORM."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from fastapi import FastAPI, HTTPException
from pydantic import BaseModel
from tortoise import fields
from tortoise.contrib.fastapi import RegisterTortoise
from tortoise.exceptions import IntegrityError
from tortoise.models import Model
from tortoise.transactions import in_transaction


class Theme(Model):
    """What an exhibit is about."""

    name = fields.CharField(max_length=50, primary_key=True)


class Exhibit(Model):
    """What visitors look at; its number is painted on it."""

    number = fields.CharField(max_length=10, primary_key=True)
    title = fields.CharField(max_length=100)
    themes: fields.ManyToManyRelation[Theme] = fields.ManyToManyField("models.Theme")


class ExhibitFields(BaseModel):
    """The body of ``POST /exhibits``."""

    number: str
    title: str
    themes: list[str] = []


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncIterator[None]:
    """Have the database open while the app runs."""
    url = os.environ.get("MUSEUM_DATABASE", "sqlite://museum.db")
    async with RegisterTortoise(app, db_url=url, modules={"models": ["museum"]}):
        yield


app = FastAPI(lifespan=lifespan)


@app.post("/exhibits", status_code=201)
async def create_exhibit(body: ExhibitFields) -> None:
    """Add an exhibit, with all of its themes or not at all."""
    async with in_transaction():
        try:
            exhibit = await Exhibit.create(number=body.number, title=body.title)
        except IntegrityError as exc:
            raise HTTPException(409, f"there is a {body.number} already") from exc
        for name in body.themes:
            theme = await Theme.get_or_none(name=name)
            if theme is None:
                raise HTTPException(404, f"there is no theme {name}")
            await exhibit.themes.add(theme)


@app.get("/exhibits/{number}/themes")
async def list_themes(number: str) -> list[str]:
    """List what an exhibit is about."""
    exhibit = await Exhibit.get_or_none(number=number).prefetch_related("themes")
    if exhibit is None:
        raise HTTPException(404, f"there is no exhibit {number}")
    return sorted(theme.name for theme in exhibit.themes)
