"""
Whether the framework holds under load and faults: ``python -m tests.soak``.

A row does one thing again and again until its time is over, and judges itself: by how much the process has grown, by
how long the worst of it took, or by what other clients see on the same server. Each row is a process of its own, so
that none grows for another, and none that hangs holds up the rest. The modules, from the bottom up::

    outcome.py      what a row has done, its figures and their bounds
    budget.py       how much a row may do
    row.py          what a row is
    cases.py        running a test of the framework within a row
    app.py          the app of the rows
    footprint.py    what a process holds: memory, descriptors, threads, tasks, objects
    growth.py       from footprints to an outcome
    faults.py       from faults, each with its bound in seconds, to an outcome
    fuzz.py         from what several clients see to an outcome
    rows/           the rows themselves, each in a file
    process.py      a row in a process of its own
    table.py        the outcomes as text
    command.py      the command line
"""

__all__: list[str] = []
