"""`python -m fastsmtp`: the same as the command `fastsmtp`."""

import sys

from fastsmtp.cli.main import run

if __name__ == "__main__":
    sys.exit(run())
