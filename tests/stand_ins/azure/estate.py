"""All that one stand-in knows: what there is, who may sign in, what is under way, and how it behaves."""

from __future__ import annotations

from dataclasses import dataclass, field

from .behaviour import Behaviour
from .exchange import Document
from .faults import Faults
from .operations import Operations
from .store import Store
from .tenancy import Tenancy


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
    faults: Faults = field(default_factory=Faults)
    tenancy: Tenancy = field(default_factory=Tenancy)
    rows: list[Row] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.operations = Operations(self.behaviour)
