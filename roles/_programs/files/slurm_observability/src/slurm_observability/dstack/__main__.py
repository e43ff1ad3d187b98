"""``python -m slurm_observability.dstack``"""

import sys

from .cli import main

sys.exit(main())
