"""A stand-in for what Prometheus and dstack-poller ask a dstack server, for tests and labs.

It is no dstack. Its metrics and its fleet are those that a real server of version 0.22.5 gave in answer to records of
dstack's own test fixtures (`recorded/`, made with tests/unit/programs/dstack/records.py); they do not change. The times
from submission to an instance, which take a cloud, are numbers given to dstack's own code.
By hand: ``python -m tests.stand_ins.dstack``.
"""

from .stand_in import METRICS_TOKEN, TOKEN, DstackStandIn, fleet, instance, recorded_fleets

__all__ = ["METRICS_TOKEN", "TOKEN", "DstackStandIn", "fleet", "instance", "recorded_fleets"]
