"""How large the simulated cluster is: nodes, jobs in the queue, rows of the accounting database."""

from __future__ import annotations

from dataclasses import dataclass

HISTORY_DAYS = 180
MAX_RECORDS = 20_000


@dataclass(frozen=True)
class Size:
    """Half of the nodes are CLOUD nodes without power, half are declared up; four more have a real slurmd."""

    nodes: int = 5_000
    jobs: int = 80_000
    rows: int = 500_000

    @classmethod
    def parse(cls, text: str) -> Size:
        """Return the size in ``NODES,JOBS,ROWS``. Raises ValueError."""
        nodes, jobs, rows = map(int, text.split(","))
        if nodes < 1_000 or nodes % 1_000 or jobs < 5_000 or rows < 1:
            raise ValueError("nodes come in thousands, jobs are 5,000 or more, rows 1 or more")
        return cls(nodes, jobs, rows)

    def __str__(self) -> str:
        return f"{self.nodes},{self.jobs},{self.rows}"

    @property
    def powered_down(self) -> str:
        """The CLOUD nodes without power, as Slurm writes a list of hosts."""
        return f"c[1-{self.nodes // 2}]"

    @property
    def powered_up(self) -> str:
        """The nodes that are declared up."""
        return f"c[{self.first_up}-{self.nodes}]"

    @property
    def first_up(self) -> int:
        """The number of the first node that is declared up."""
        return self.nodes // 2 + 1

    @property
    def addresses(self) -> str:
        """A loopback address for each node that is declared up."""
        return f"127.1.[1-{self.nodes // 2 // 250}].[1-250]"

    @property
    def partitions(self) -> dict[str, str]:
        """The nodes of each partition but hpc; gpu and dynamic overlap."""
        return {
            "htc": self.powered_down,
            "gpu": f"c[{self.first_up}-{self.nodes * 8 // 10}]",
            "dynamic": f"c[{self.nodes * 7 // 10 + 1}-{self.nodes}]",
        }

    @property
    def records(self) -> int:
        """Job records of slurmctld's; what is missing to ``jobs`` are tasks of job arrays."""
        return min(MAX_RECORDS, self.jobs // 4)

    @property
    def needs_disk(self) -> bool:
        """True when the database is too large for the memory of the sandbox."""
        return self.rows > 1_000_000
