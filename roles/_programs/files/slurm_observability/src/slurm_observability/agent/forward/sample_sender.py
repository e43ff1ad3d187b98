"""Bring the samples that wait to the service."""

from __future__ import annotations

import logging
from collections.abc import Sequence

from .client import REJECTED, ServiceError
from .counts import REFUSED, STORED, Counts
from .link import Link
from .samples import Batch, Samples
from .seldom import Seldom

log = logging.getLogger(__name__)

SAMPLES_PATH = "/v1/samples"


class SampleSender:
    """Sends samples in batches. What cannot be sent goes on waiting."""

    def __init__(self, samples: Samples, counts: Counts, link: Link) -> None:
        self._samples = samples
        self._counts = counts
        self.link = link
        self._seldom = Seldom(log)

    def send(self) -> bool:
        """Send the oldest samples. Return whether there were any. Raises ServiceError."""
        parts = [batch] if (batch := self._samples.take()) else []
        try:
            while parts:
                parts[:1] = self._deliver(parts[0])
        finally:
            for part in reversed(parts):
                self._samples.put_back(part)
        return bool(batch)

    def _deliver(self, batch: Batch) -> Sequence[Batch]:
        """Send these samples. Return what is to be sent in their place: the halves of a request that is rejected."""
        try:
            self.link.post(batch.body())
        except ServiceError as error:
            if error.outcome != REJECTED:
                raise
            if len(batch) > 1:
                return batch.halves()
            self._counts.samples[REFUSED] += 1
            self._seldom.warn("samples", "the service rejects a sample: %s", error)
        else:
            self._counts.samples[STORED] += len(batch)
        return ()
