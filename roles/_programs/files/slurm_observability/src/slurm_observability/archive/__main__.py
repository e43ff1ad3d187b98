"""``python -m slurm_observability.archive``"""

import sys

from .cli import main

sys.exit(main())
