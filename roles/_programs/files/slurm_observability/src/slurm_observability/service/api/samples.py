"""What jobs used on nodes, as agents sampled it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Body
from pydantic import BaseModel

from .access import ServiceOf, StoreOf, Writer
from .bodies import SampleBatch
from .errors import EVERYWHERE

router = APIRouter(prefix="/v1/samples", tags=["samples"], responses=EVERYWHERE)


class SamplesStored(BaseModel):
    """How many samples, of jobs and nodes, were stored."""

    stored: int


@router.post("")
def samples(
    _writer: Writer, batch: Annotated[SampleBatch, Body()], service: ServiceOf, store: StoreOf
) -> SamplesStored:
    """Take down samples of jobs and nodes. A sample that is sent again changes nothing.

    One that cannot be read, or kept, keeps the others out: send them again in halves.
    """
    stored = store.add_samples(batch.samples, batch.nodes)
    service.counts.samples(stored)
    return SamplesStored(stored=stored)
