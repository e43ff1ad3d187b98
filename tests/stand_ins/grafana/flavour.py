"""What the versions of Grafana do differently."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Flavour:
    """One version.

    ``nested``: folders can be in folders. ``titles_repeat``: two folders, or two dashboards, of one title can be in one
    place. ``apis``: the versions of ``dashboard.grafana.app`` that are served, the preferred one first; empty where
    ``/apis`` is a page for people. ``schema``: the newest schema of dashboards. ``counts``: folders tell how much is in
    them. ``folder_missing``: the status of a dashboard for a folder that is not there.
    """

    version: str
    nested: bool
    titles_repeat: bool
    apis: tuple[str, ...]
    schema: int
    counts: bool
    folder_missing: int


FLAVOURS = {
    9: Flavour("9.5.21", False, False, (), 38, False, 404),
    10: Flavour("10.4.19", False, False, (), 39, True, 400),
    11: Flavour("11.6.5", True, False, ("v0alpha1",), 41, True, 400),
    12: Flavour("12.4.1", True, True, ("v1beta1", "v0alpha1", "v2alpha1"), 42, True, 400),
    13: Flavour("13.0.0", True, True, ("v1", "v1beta1", "v0alpha1", "v2beta1"), 42, True, 400),
}
