"""Run the agent with ``python -m slurm_observability.agent``."""

import sys

from .cli import main

sys.exit(main())
