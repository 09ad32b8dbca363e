"""The rows, in the order of the table."""

from tests.soak.row import Row
from tests.soak.rows import rounds
from tests.soak.rows.faults import (
    blocked,
    early_answers,
    left_early,
    lifespans,
    lost_websockets,
    server_errors,
    timeouts,
    torn,
)
from tests.soak.rows.fuzz import answers as fuzz_answers
from tests.soak.rows.fuzz import events as fuzz_events
from tests.soak.rows.fuzz import requests as fuzz_requests
from tests.soak.rows.fuzz import websockets as fuzz_websockets
from tests.soak.rows.growth import (
    bodies,
    classes,
    events,
    failing,
    raising,
    requests,
    sync_requests,
    sync_tests,
    tests,
    websockets,
)

__all__ = ["ROWS"]

_MODULES = (
    requests,
    sync_requests,
    tests,
    sync_tests,
    classes,
    websockets,
    events,
    bodies,
    raising,
    failing,
    early_answers,
    torn,
    server_errors,
    lost_websockets,
    left_early,
    timeouts,
    blocked,
    lifespans,
    fuzz_requests,
    fuzz_answers,
    fuzz_websockets,
    fuzz_events,
    rounds,
)

ROWS: tuple[Row, ...] = tuple(module.ROW for module in _MODULES)
