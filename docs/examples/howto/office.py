"""An office with readers, writers and one boss: what the guide on authorisation tests."""

import secrets
from datetime import UTC, datetime, timedelta
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException, Security
from fastapi.security import OAuth2PasswordBearer, OAuth2PasswordRequestForm, SecurityScopes
from pydantic import BaseModel

ROLES = {"reader": {"read"}, "writer": {"read", "write"}, "boss": {"read", "write", "dismiss"}}
PASSWORD = "open sesame"
LIFETIME = timedelta(minutes=30)

app = FastAPI()
tokens: dict[str, "Session"] = {}
oauth2 = OAuth2PasswordBearer(tokenUrl="login")


class Session(BaseModel):
    """Who has logged in, and until when."""

    user: str
    expires: datetime


def now() -> datetime:
    """Tell the time."""
    return datetime.now(UTC)


Now = Annotated[datetime, Depends(now)]


@app.post("/login")
async def login(form: Annotated[OAuth2PasswordRequestForm, Depends()], now: Now) -> dict[str, str]:
    """Give a token to who knows the password."""
    if form.username not in ROLES or not secrets.compare_digest(form.password, PASSWORD):
        raise HTTPException(401, "wrong name or password", {"WWW-Authenticate": "Bearer"})
    token = secrets.token_urlsafe()
    tokens[token] = Session(user=form.username, expires=now + LIFETIME)
    return {"access_token": token, "token_type": "bearer"}


async def get_user(token: Annotated[str, Depends(oauth2)], needed: SecurityScopes, now: Now) -> str:
    """Find the user by the token, and see whether he may do what the route needs."""
    session = tokens.get(token)
    if session is None or session.expires <= now:
        raise HTTPException(401, "log in", {"WWW-Authenticate": "Bearer"})
    if missing := set(needed.scopes) - ROLES[session.user]:
        raise HTTPException(403, f"you may not {', '.join(sorted(missing))}")
    return session.user


@app.get("/letters")
async def read_letters(user: Annotated[str, Security(get_user, scopes=["read"])]) -> list[str]:
    """Show the letters of a user."""
    return [f"Dear {user}"]


@app.post("/letters", status_code=201)
async def write_letter(user: Annotated[str, Security(get_user, scopes=["write"])]) -> str:
    """Write a letter."""
    return f"Yours, {user}"


@app.delete("/staff/{name}", status_code=204, dependencies=[Security(get_user, scopes=["dismiss"])])
async def dismiss(name: str) -> None:
    """Dismiss somebody."""
    ROLES.pop(name, None)
