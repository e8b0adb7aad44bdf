"""`python -m holdfast.bench NAME`."""

import sys

from holdfast.bench.programs import main

if __name__ == "__main__":
    sys.exit(main())
