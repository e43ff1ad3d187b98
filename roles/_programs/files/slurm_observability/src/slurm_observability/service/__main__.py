"""Run the service with ``python -m slurm_observability.service``."""

import sys

from .cli import main

sys.exit(main())
