"""``python -m slurm_observability.health``"""

import sys

from .cli import main

sys.exit(main())
