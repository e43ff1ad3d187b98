"""A strict stand-in for the parts of Grafana's HTTP API that the collection uses, for tests.

It is not Grafana. It refuses what Grafana is known to refuse, with Grafana's status and words, and adds to documents
what Grafana adds, each as the version that it stands in for does. What nobody has seen of Grafana is refused rather
than taken. By hand: ``python -m tests.stand_ins.grafana [--version 13]``.
"""

from .flavour import FLAVOURS, Flavour
from .organisation import Owner
from .stand_in import GrafanaStandIn

__all__ = ["FLAVOURS", "Flavour", "GrafanaStandIn", "Owner"]
