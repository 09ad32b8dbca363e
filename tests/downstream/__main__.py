"""Run the suites of others."""

import sys

from tests.downstream.command import main

__all__: list[str] = []

if __name__ == "__main__":  # pragma: no branch - it is run, not imported
    sys.exit(main(sys.argv[1:]))
