"""The nodes that report."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from ...jobs.sample import NodeSample
from .access import Reader, StoreOf
from .errors import EVERYWHERE

router = APIRouter(prefix="/v1/nodes", tags=["nodes"], dependencies=[Reader], responses=EVERYWHERE)


class Nodes(BaseModel):
    """The newest sample of each node."""

    nodes: list[NodeSample]


@router.get("")
def nodes(store: StoreOf) -> Nodes:
    """List the nodes that have reported, each as it last was. An old ``time`` is a node, or an agent, that is gone."""
    return Nodes(nodes=store.nodes())
