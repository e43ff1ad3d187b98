"""Reservations as metrics."""

from __future__ import annotations

from slurm_observability.exporter.cap import Cap
from slurm_observability.exporter.topics.reservations import families
from slurm_observability.slurm.reservations import Reservation, Reservations

from tests.unit.programs.exporter.shown import SCENE, shown

ANSWER = Reservations(
    (
        Reservation("now", "hpc", ("MAINT", "OVERLAP"), 900, 1100, 2, 16),
        Reservation("later", "", (), 1100, None, 0, 0),
    )
)


def test_reservations():
    assert shown(families(ANSWER, SCENE, Cap(10))) == {
        "slurm_reservations": 2,
        'slurm_reservation_info{flags=",MAINT,OVERLAP,",partition="hpc",reservation="now"}': 1,
        'slurm_reservation_info{reservation="later"}': 1,
        'slurm_reservation_start_timestamp_seconds{reservation="now"}': 900,
        'slurm_reservation_start_timestamp_seconds{reservation="later"}': 1100,
        'slurm_reservation_end_timestamp_seconds{reservation="now"}': 1100,
        'slurm_reservation_active{reservation="now"}': 1,
        'slurm_reservation_active{reservation="later"}': 0,
        'slurm_reservation_nodes{reservation="now"}': 2,
        'slurm_reservation_nodes{reservation="later"}': 0,
        'slurm_reservation_cores{reservation="now"}': 16,
        'slurm_reservation_cores{reservation="later"}': 0,
    }


def test_the_first_to_begin_stay():
    samples = shown(families(ANSWER, SCENE, Cap(1)))
    assert samples["slurm_reservations"] == 2
    assert {name for name in samples if "later" in name} == set()
    assert 'slurm_reservation_active{reservation="now"}' in samples


def test_no_reservation_is_a_zero():
    assert shown(families(Reservations(), SCENE, Cap(1))) == {"slurm_reservations": 0}
