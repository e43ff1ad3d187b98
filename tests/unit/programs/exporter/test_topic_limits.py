"""Limits and their use as metrics."""

from __future__ import annotations

from slurm_observability.exporter.cap import Cap
from slurm_observability.exporter.topics.limits import families
from slurm_observability.slurm.limits import AssociationLimits, Limit, Limits, QosLimits

from tests.unit.programs.exporter.shown import SCENE, shown

ANSWER = Limits(
    qos=(
        QosLimits(
            "high",
            "",
            "",
            (
                Limit("GrpJobs", "jobs", None, 4),
                Limit("GrpWall", "wall", None, 60),
                Limit("GrpTRES", "gres/gpu", 8, 7),
                Limit("GrpTRES", "cpu", None, 3),
                Limit("GrpTRES", "vmem", None, 0),
                Limit("GrpTRESMins", "cpu", None, 1),
            ),
        ),
        QosLimits("high", "physics", "", (Limit("MaxJobsPA", "jobs", None, 4), Limit("MaxTRESPA", "cpu", 10, 3))),
        QosLimits("high", "", "alice", (Limit("MaxJobsPU", "jobs", 9, 3),)),
        QosLimits("high", "", "bob", (Limit("MaxJobsPU", "jobs", 9, 1),)),
    ),
    associations=(
        AssociationLimits("physics", "", "", (Limit("GrpSubmitJobs", "jobs", 100, 5),)),
        AssociationLimits("physics", "alice", "p", (Limit("GrpJobs", "jobs", None, 2), Limit("GrpWall", "wall", 6, 1))),
        AssociationLimits("physics", "carol", "", (Limit("GrpWall", "wall", 6, 1),)),
    ),
)


def test_limits_and_what_is_worth_seeing_without_one():
    assert shown(families(ANSWER, SCENE, Cap(10))) == {
        'slurm_qos_limit{limit="GrpTRES",qos="high",resource="gres/gpu"}': 8,
        'slurm_qos_limit{account="physics",limit="MaxTRESPA",qos="high",resource="cpu"}': 10,
        'slurm_qos_limit{limit="MaxJobsPU",qos="high",resource="jobs",username="alice"}': 9,
        'slurm_qos_limit{limit="MaxJobsPU",qos="high",resource="jobs",username="bob"}': 9,
        'slurm_qos_usage{limit="GrpJobs",qos="high",resource="jobs"}': 4,
        'slurm_qos_usage{limit="GrpTRES",qos="high",resource="gres/gpu"}': 7,
        'slurm_qos_usage{limit="GrpTRES",qos="high",resource="cpu"}': 3,
        'slurm_qos_usage{account="physics",limit="MaxTRESPA",qos="high",resource="cpu"}': 3,
        'slurm_qos_usage{limit="MaxJobsPU",qos="high",resource="jobs",username="alice"}': 3,
        'slurm_qos_usage{limit="MaxJobsPU",qos="high",resource="jobs",username="bob"}': 1,
        'slurm_association_limit{account="physics",limit="GrpSubmitJobs",resource="jobs"}': 100,
        'slurm_association_limit{account="physics",limit="GrpWall",partition="p",resource="wall",username="alice"}': 6,
        'slurm_association_limit{account="physics",limit="GrpWall",resource="wall",username="carol"}': 6,
        'slurm_association_usage{account="physics",limit="GrpSubmitJobs",resource="jobs"}': 5,
        'slurm_association_usage{account="physics",limit="GrpWall",partition="p",resource="wall",username="alice"}': 1,
        'slurm_association_usage{account="physics",limit="GrpWall",resource="wall",username="carol"}': 1,
    }


def test_users_with_most_jobs_stay():
    cap = Cap(1)
    samples = shown(families(ANSWER, SCENE, cap))
    assert {name for name in samples if "bob" in name or "carol" in name} == set()
    assert [value for name, value in samples.items() if "alice" in name] == [9, 3, 6, 1]
    assert shown(cap.families()) == {'slurm_exporter_cut_label_values{metric="slurm_qos_limit"}': 2}
