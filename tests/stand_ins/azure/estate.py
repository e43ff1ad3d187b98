"""All that one stand-in knows: what there is, who may sign in, what is under way, and how it behaves."""

from __future__ import annotations

from dataclasses import dataclass, field

from .exchange import Document
from .faults import Faults
from .operations import Operations
from .store import Store
from .tenancy import Tenancy


@dataclass
class Behaviour:
    """Habits of Azure that a test turns up or down.

    ``operation_looks`` is how many looks find an operation in progress. After a table has been made, rules cannot see
    it for ``table_hidden_tries`` of their attempts and ``table_hidden_seconds``. A new identity is unknown to role
    assignments for ``principal_hidden_tries``. Lists have pages of ``page_size`` entries; with 0 there is one page.
    With ``count_uncompressed`` the limit of the ingestion holds for the unpacked body too, as the documentation says.
    ``machine`` is the id of the machine for which the instance metadata service speaks; without one, it signs in any
    identity that there is.
    """

    operation_looks: int = 1
    table_hidden_tries: int = 0
    table_hidden_seconds: float = 0.0
    principal_hidden_tries: int = 0
    page_size: int = 0
    count_uncompressed: bool = True
    machine: str = ""


@dataclass(frozen=True)
class Row:
    """A row that was ingested, as it came: transformations are not run. ``received`` is in seconds since 1970."""

    rule: str
    stream: str
    table: str
    workspace: str
    received: float
    content: Document


@dataclass
class Estate:
    """What there is. ``rows`` are all that the ingestion took, in order."""

    behaviour: Behaviour = field(default_factory=Behaviour)
    store: Store = field(default_factory=Store)
    operations: Operations = field(default_factory=Operations)
    faults: Faults = field(default_factory=Faults)
    tenancy: Tenancy = field(default_factory=Tenancy)
    rows: list[Row] = field(default_factory=list)
