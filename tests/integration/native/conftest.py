"""The fixtures of the lab tests that need no stack on the lab."""

from __future__ import annotations

from tests.integration.lab.conftest import commands_on_head, jobs, lab

__all__ = ["commands_on_head", "jobs", "lab"]
