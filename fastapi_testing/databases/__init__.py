"""Databases of the tests' own, for apps that use SQLAlchemy's asyncio extension; needs the extra ``sqlalchemy``."""

try:
    import sqlalchemy.ext.asyncio  # noqa: F401 - SQLAlchemy 2.1 has it fail here where greenlet is missing
except ImportError as _exc:
    raise ImportError(
        f"fastapi_testing.databases needs SQLAlchemy with asyncio ({_exc}): pip install 'fastapi-unittest[sqlalchemy]'"
    ) from _exc

from fastapi_testing.databases.isolation.vain import OneTransactionWarning
from fastapi_testing.databases.mixin import SQLAlchemyMixin
from fastapi_testing.databases.provision.elsewhere import OtherDatabaseWarning
from fastapi_testing.databases.provision.likeness import EngineDifferenceWarning

__all__ = ["EngineDifferenceWarning", "OneTransactionWarning", "OtherDatabaseWarning", "SQLAlchemyMixin"]
