"""An app with users: by a bearer token, or by the cookie of a login."""

import os
from functools import lru_cache
from typing import Annotated

from fastapi import Cookie, Depends, FastAPI, HTTPException, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import BaseModel

TOKENS = {"token-of-ann": "ann", "token-of-bob": "bob"}


class Settings(BaseModel):
    """What the environment says."""

    shop_name: str


@lru_cache
def get_settings() -> Settings:
    """Read the environment, once."""
    return Settings(shop_name=os.environ.get("SHOP_NAME", "Corner Shop"))


class User(BaseModel):
    """Who asks."""

    name: str


async def get_user(
    credentials: Annotated[HTTPAuthorizationCredentials | None, Depends(HTTPBearer(auto_error=False))],
    token: Annotated[str | None, Cookie()] = None,
) -> User:
    """Find the user by the token in the header, or in the cookie."""
    shown = credentials.credentials if credentials else token
    if shown not in TOKENS:
        raise HTTPException(401)
    return User(name=TOKENS[shown])


def get_discount() -> int:
    """Ask a service far away."""
    raise ConnectionError("the discount service is not there")


app = FastAPI(title="accounts")
admin = FastAPI(title="admin")
app.mount("/admin", admin)


@app.post("/login/{name}")
async def login(name: str, response: Response) -> None:
    """Set the cookie."""
    response.set_cookie("token", f"token-of-{name}")


@app.get("/me")
async def me(user: Annotated[User, Depends(get_user)]) -> User:
    """Tell who asks."""
    return user


@app.get("/price")
async def price(discount: Annotated[int, Depends(get_discount)]) -> int:
    """Tell what it costs."""
    return 100 - discount


@app.get("/name")
async def name(settings: Annotated[Settings, Depends(get_settings)]) -> str:
    """Tell the name of the shop."""
    return settings.shop_name


@admin.get("/me")
async def admin_me(user: Annotated[User, Depends(get_user)]) -> User:
    """Tell who asks."""
    return user
