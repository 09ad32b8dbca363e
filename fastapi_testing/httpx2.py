"""
The clients of httpx2, by names of their own: for classes that are derived from them, and for annotations.

Importing it raises :exc:`ImportError` where httpx2 is not installed.
"""

from fastapi_testing.client.http.second import Client, SyncClient

__all__ = ["Client", "SyncClient"]
