"""`python -m fastsmtp`: the same as the command `fastsmtp`."""

import sys

from fastsmtp.cli.main import main

if __name__ == "__main__":
    sys.exit(main())
