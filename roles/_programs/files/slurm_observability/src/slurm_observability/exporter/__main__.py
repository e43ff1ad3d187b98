"""Run the exporter with ``python -m slurm_observability.exporter``."""

import sys

from .cli import main

sys.exit(main())
