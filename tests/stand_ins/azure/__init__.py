"""A strict stand-in for the parts of Azure that the collection uses, for tests.

It is not Azure. It refuses what Azure is known to refuse, answers in the forms in which Azure answers, and is as late,
as forgetful and as short of patience as a test wants. What nobody has seen of Azure is refused rather than taken.
By hand: ``python -m tests.stand_ins.azure --directory DIR``.
"""

from .behaviour import Behaviour
from .exchange import Refusal
from .furniture import Furniture
from .stand_in import AzureStandIn

__all__ = ["AzureStandIn", "Behaviour", "Furniture", "Refusal"]
