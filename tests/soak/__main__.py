"""Run the soak."""

import sys

from tests.soak.command import main

__all__: list[str] = []

if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
