"""How Azure behaves where it does not always behave the same."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class Behaviour:
    """Habits of Azure that a test turns up or down."""

    # How many looks find an operation in progress.
    operation_looks: int = 1
    # Seconds between polls. Azure names none; with 0 here a client that would choose its own pause does not sleep.
    retry_after: float | None = None
    # How long rules cannot see a table that was made: so many of their attempts, and so many seconds.
    table_hidden_tries: int = 0
    table_hidden_seconds: float = 0.0
    # How many attempts of role assignments do not know a new identity.
    principal_hidden_tries: int = 0
    # Entries on a page of a list; 0 for one page with all.
    page_size: int = 0
    # Whether the limit of the ingestion holds for the unpacked body too, as the documentation says.
    count_uncompressed: bool = True
    # What the list of permissions allows to whoever asks for it.
    actions: list[str] = field(default_factory=lambda: ["*"])
    # The id of the machine for which the instance metadata service speaks; without one, it signs in any identity.
    machine: str = ""
