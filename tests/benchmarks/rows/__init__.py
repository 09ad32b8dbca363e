"""The rows, in the order of the table."""

from tests.benchmarks.row import Row
from tests.benchmarks.rows import case, databases, http, processes, schemas, server, sharing, sync_databases, websocket

__all__ = ["ROWS"]

ROWS: tuple[Row, ...] = (
    *http.ROWS,
    *websocket.ROWS,
    *server.ROWS,
    *case.ROWS,
    *sharing.ROWS,
    *databases.ROWS,
    *sync_databases.ROWS,
    *schemas.ROWS,
    *processes.ROWS,
)
