"""
What the framework costs, measured side by side with what else there is: ``python -m tests.benchmarks``.

A row is a thing to do, such as a GET request; a contender is a way to do it; a batch is one contender doing it a number
of times, timed as a whole. The modules, from the bottom up::

    row.py          what a row, a contender and a target are
    batches.py      from one operation to a timed batch
    app.py          the one app that every contender has
    case.py         from one operation to a timed batch in a test of this framework
    serving.py      uvicorn without this framework
    peers.py        the contenders' clients
    rows/           the rows themselves
    results.py      the statistics
    harness.py      measuring a row
    environment.py  where it was measured
    table.py        the results as text
    chart.py        the results as a picture
    choosing.py     rows by their names
    command.py      the command line
"""

__all__: list[str] = []
