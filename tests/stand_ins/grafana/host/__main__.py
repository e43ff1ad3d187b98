"""Run the installed stand-in from the repository: python -m tests.stand_ins.grafana.host server ..."""

from __future__ import annotations

import sys

from .program import main

if __name__ == "__main__":
    sys.exit(main())
