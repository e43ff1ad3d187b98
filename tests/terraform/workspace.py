"""A folder with a root module, in which the tests run Terraform."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parents[2]
MODULE = REPOSITORY / "terraform/modules/observability"
TERRAFORM = shutil.which("terraform")


class Workspace:
    """A root module in a folder of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def configure(self, **arguments: Any) -> None:
        """Writes the root module; Terraform reads its JSON form as well as HCL."""
        # A relative source is used in place; Terraform copies what an absolute path names, without the collection.
        module = {"source": os.path.relpath(MODULE, self.folder), **arguments}
        (self.folder / "main.tf.json").write_text(json.dumps({"module": {"observability": module}}))

    def terraform(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        assert TERRAFORM is not None
        return subprocess.run(
            [TERRAFORM, *arguments, "-no-color"],
            cwd=self.folder,
            env={**os.environ, "CHECKPOINT_DISABLE": "1", "TF_INPUT": "0", **environment},
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )

    def apply(self, **environment: str) -> subprocess.CompletedProcess[str]:
        """Runs init and apply."""
        init = self.terraform("init")
        assert init.returncode == 0, init.stderr
        return self.terraform("apply", "-auto-approve", **environment)

    @property
    def logs(self) -> list[Path]:
        return sorted((self.folder / "observability-logs").glob("*.log"))
