"""Databases of the tests' own, for apps that use SQLAlchemy, sync or async; needs the extra ``sqlalchemy``."""

import os

try:
    import sqlalchemy.ext.asyncio  # noqa: F401 - SQLAlchemy 2.1 has it fail here where greenlet is missing
except ImportError as _exc:
    # Its own functions for URLs are not to be had. What comes before the colon has no password in it.
    _scheme = os.environ.get("TEST_DATABASE_URL", "").partition(":")[0]
    _driver = (
        f"the driver of TEST_DATABASE_URL, {_scheme}"
        if _scheme
        else "a driver, such as aiosqlite (SQLite is only the default: TEST_DATABASE_URL may name a PostgreSQL)"
    )
    raise ImportError(
        f"fastapi_testing.databases needs SQLAlchemy with asyncio ({_exc}): pip install "
        f"'fastapi-unittest[sqlalchemy]', and {_driver}"
    ) from _exc

from fastapi_testing.databases.isolation.vain import OneTransactionWarning
from fastapi_testing.databases.mixin import SQLAlchemyMixin
from fastapi_testing.databases.provision.elsewhere import OtherDatabaseWarning
from fastapi_testing.databases.provision.likeness import EngineDifferenceWarning

__all__ = ["EngineDifferenceWarning", "OneTransactionWarning", "OtherDatabaseWarning", "SQLAlchemyMixin"]
