"""Rounds of four processes on three databases, with kill -9 among them."""

import json
import tempfile
from contextlib import ExitStack
from pathlib import Path
from random import Random
from subprocess import Popen
from threading import Timer
from time import monotonic, sleep

import psycopg
from sqlalchemy.engine import URL

from tests.databases.postgresql import postgresql_url
from tests.runners.test_rounds import WORKERS, databases_of, left_by_none, read_lines, start_worker, write_line
from tests.soak.budget import Budget
from tests.soak.faults import Faults
from tests.soak.outcome import Outcome
from tests.soak.row import Row

__all__ = ["ROW"]

_BOUND = 90.0
"""Seconds that a turn may take: a process that was killed is started anew in it."""

_ROUNDS = {"sqlite+aiosqlite": 10, "postgresql+asyncpg": 2, "postgresql+psycopg": 2}
"""How many rounds each process makes in a turn, by the database and its driver."""

_LATEST = 0.5
"""Seconds after which a process is killed at the latest, while it makes its rounds."""

_GONE = 20.0
"""Seconds in which PostgreSQL notices that a process is gone, and the next round drops what that has left."""


def read_databases(worker: Popen[str]) -> list[str]:
    """Wait until a process is ready for rounds, and return the databases that it had."""
    return databases_of(worker, read_lines(worker))


class _Workers:
    """The processes, one of which is killed in each turn."""

    def __init__(self, number: int, folder: Path, random: Random, stack: ExitStack) -> None:
        self.rounds = self.killed = 0
        self._folder = folder
        self._random = random
        self._workers = [start_worker() for _ in range(number)]
        stack.callback(self._end)
        for worker in self._workers:
            read_databases(worker)

    def make_rounds(self, driver: str) -> None:
        """Have all make their rounds on one database, and kill one of them meanwhile."""
        victim = self._random.randrange(len(self._workers))
        self._write(driver, _ROUNDS[driver])
        timer = Timer(self._random.uniform(0, _LATEST), self._workers[victim].kill)
        timer.start()
        living = [worker for number, worker in enumerate(self._workers) if number != victim]
        databases = [read_databases(worker) for worker in living]
        timer.join()
        self._workers[victim].communicate()
        self.killed += 1
        self._workers[victim] = start_worker()
        read_databases(self._workers[victim])
        self.rounds += sum(map(len, databases))
        _check(databases, _ROUNDS[driver])

    def clean_up(self, driver: str) -> None:
        """Have all make one more round on a database, after which nothing is left on it of those that were killed."""
        limit = monotonic() + _GONE
        while True:
            self._write(driver, 1)
            for worker in self._workers:
                read_databases(worker)
            left = left_by_none(_left(self._folder, _url(driver)), self._workers)
            if not left:
                return
            assert monotonic() < limit, f"left of killed processes: {left}"
            sleep(0.1)

    def _write(self, driver: str, rounds: int) -> None:
        url = _url(driver).render_as_string(hide_password=False)
        for worker in self._workers:
            write_line(worker, json.dumps([rounds, url, str(self._folder)]))

    def _end(self) -> None:
        for worker in self._workers:
            worker.kill()
            worker.communicate()


def _check(databases: list[list[str]], rounds: int) -> None:
    """Check that each process had a database in each of its rounds, and no two the same."""
    assert [len(each) for each in databases] == [rounds] * len(databases), databases
    assert len(set().union(*databases)) == sum(len(set(each)) for each in databases), databases


def _url(driver: str) -> URL:
    if driver.startswith("sqlite"):
        return URL.create(driver)
    return postgresql_url(driver.partition("+")[2], database="soak")


def _left(folder: Path, url: URL) -> list[str]:
    """Return what processes have left on a database."""
    if url.get_backend_name() == "sqlite":
        return [path.name for path in folder.iterdir()]
    address = url.set(drivername="postgresql", database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(address) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE 'test_soak_%'").fetchall()
    return [name for (name,) in rows]


def run(budget: Budget) -> Outcome:
    """Make rounds on one database after the other, and look in the end what the killed ones have left."""
    postgresql_url()  # its start is none of the turns'
    faults = Faults(budget, _BOUND)
    drivers = list(_ROUNDS)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        # A start takes a second: where all is only to be seen to run, two are enough.
        workers = _Workers(2 if budget.turns else WORKERS, folder, Random(budget.seed), stack)  # noqa: S311 - when to kill whom is no secret
        for turn in faults.turns(at_least=len(drivers)):
            driver = drivers[turn % len(drivers)]
            with faults.one(driver):
                workers.make_rounds(driver)
        for driver in drivers:
            with faults.one(f"the end of {driver}"):
                workers.clean_up(driver)
    return faults.outcome(f"turns, with {workers.rounds:,} rounds and {workers.killed} processes killed")


ROW = Row(
    name="rounds",
    title=f"{WORKERS} processes on SQLite and on PostgreSQL with two drivers; one is killed in each turn",
    run=run,
    share=4.0,
)
