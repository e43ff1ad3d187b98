"""Reading limits and their use from what scontrol prints."""

from __future__ import annotations

import pwd

import pytest
from hypothesis import given
from hypothesis import strategies as st
from slurm_observability.slurm.command import SlurmError, SlurmRunner
from slurm_observability.slurm.limits import Limit, parse_limits, read_limits

ACCOUNT = (
    "ClusterName=lab Account=physics UserName= Partition= Priority=0 ID=7 "
    "SharesRaw/Norm/Level/Factor=30/0.91/33/0.00 UsageRaw/Norm/Efctv=0.00/1.00/0.00 ParentAccount=research(3) "
    "Lineage=/research/physics/ DefAssoc=No GrpJobs=100(1) GrpJobsAccrue=N(3) GrpSubmitJobs=1000(2) "
    "GrpWall=5000(12.50) GrpTRES=cpu=64(2),mem=1000(500),node=N(1),gres/gpu=8(4) GrpTRESMins=cpu=10(3),mem=100(1) "
    "GrpTRESRunMins=cpu=99999(10),mem=N(0) MaxJobs=7(1) MaxJobsAccrue= MaxSubmitJobs= MaxWallPJ= MaxTRESPJ=cpu=16 "
    "MaxTRESPN= MaxTRESMinsPJ= MinPrioThresh= "
)
COMMENT = "Comment=to | GrpJobs=5(5) GrpTRES=cpu=5(5),license/x=5(5) MaxSubmitJobs=5(5) QOS=x(1)"
USER = ACCOUNT.replace("UserName=", "UserName=alice(2001)").replace("Partition=", "Partition=hpc")
QOS = (
    "QOS=high(2) UsageRaw=0.000000 GrpJobs=50(1) GrpJobsAccrue=N(0) GrpSubmitJobs=N(1) GrpWall=N(0.00) "
    "GrpTRES=cpu=12(2),gres/gpu=3(2) GrpTRESMins= GrpTRESRunMins= MaxWallPJ=1440 MaxTRESPJ=cpu=7 MaxTRESPN= "
    "MaxTRESMinsPJ= MinPrioThresh=  MinTRESPJ= PreemptMode=OFF Priority=10 "
    "Account Limits= physics={MaxJobsPA=30(1) MaxJobsAccruePA=N(0) MaxSubmitJobsPA=N(1) MaxTRESPA=cpu=10(2)} "
    "chemistry={MaxJobsPA=30(4) MaxJobsAccruePA=N(0) MaxSubmitJobsPA=N(4) MaxTRESPA=cpu=10(4)} "
    "User Limits= alice(2001)={MaxJobsPU=20(1) MaxJobsAccruePU=N(0) MaxSubmitJobsPU=100(1) MaxTRESPU=gres/gpu=2(2) "
    "MaxTRESRunMinsPU=cpu=N(10)}"
)
EMPTY_QOS = QOS[: QOS.index(" Account Limits")] + " Account Limits= No Accounts User Limits= No Users"
HEAD = ["Current Association Manager state", "Association Records"]


def limits(*lines: str, users: bool = True):
    return parse_limits((line.encode("utf-8", "surrogateescape") for line in (*HEAD, *lines)), users)


def test_an_account_has_the_limits_that_its_jobs_share():
    (account,) = limits(ACCOUNT).associations
    assert account[:3] == ("physics", "", "")
    assert account.limits == (
        Limit("GrpJobs", "jobs", 100, 1),
        Limit("GrpSubmitJobs", "jobs", 1000, 2),
        Limit("GrpWall", "wall", 300_000, 750.0),
        Limit("GrpTRES", "cpu", 64, 2),
        Limit("GrpTRES", "mem", 1000 * 2**20, 500 * 2**20),
        Limit("GrpTRES", "node", None, 1),
        Limit("GrpTRES", "gres/gpu", 8, 4),
        Limit("GrpTRESMins", "cpu", 600, 180),
        Limit("GrpTRESMins", "mem", 100 * 60 * 2**20, 60 * 2**20),
        Limit("GrpTRESRunMins", "cpu", 99999 * 60, 600),
        Limit("GrpTRESRunMins", "mem", None, 0),
    )


def test_a_comment_forges_nothing():
    for record in (ACCOUNT, USER):
        assert limits(record + COMMENT, "QOS=x and more", EMPTY_QOS).associations == limits(record).associations


def test_a_resource_that_is_there_twice_counts_once():
    twice = ACCOUNT.replace("GrpTRES=cpu=64(2),", "GrpTRES=cpu=64(2),cpu=5(5),")
    assert limits(twice).associations == limits(ACCOUNT).associations


def test_names_may_hold_any_byte():
    record = ACCOUNT.replace("physics", "phy|\udcffics")
    assert limits(record).associations[0].account == "phy|\ufffdics"


def test_a_user_has_limits_that_an_account_only_hands_down():
    (user,) = limits(USER).associations
    assert user[:3] == ("physics", "alice", "hpc")
    assert Limit("MaxJobs", "jobs", 7, 1) in user.limits
    assert limits(USER, USER.replace("hpc", ""), EMPTY_QOS, users=False).associations == ()


def test_a_qos_has_limits_of_all_its_jobs_and_of_single_accounts_and_users():
    whole, physics, chemistry, alice = limits(QOS).qos
    assert whole[:3] == ("high", "", "")
    assert whole.limits == (
        Limit("GrpJobs", "jobs", 50, 1),
        Limit("GrpSubmitJobs", "jobs", None, 1),
        Limit("GrpWall", "wall", None, 0.0),
        Limit("GrpTRES", "cpu", 12, 2),
        Limit("GrpTRES", "gres/gpu", 3, 2),
    )
    assert physics == (
        "high",
        "physics",
        "",
        (
            Limit("MaxJobsPA", "jobs", 30, 1),
            Limit("MaxSubmitJobsPA", "jobs", None, 1),
            Limit("MaxTRESPA", "cpu", 10, 2),
        ),
    )
    assert chemistry[1] == "chemistry"
    assert alice == (
        "high",
        "",
        "alice",
        (
            Limit("MaxJobsPU", "jobs", 20, 1),
            Limit("MaxSubmitJobsPU", "jobs", 100, 1),
            Limit("MaxTRESPU", "gres/gpu", 2, 2),
            Limit("MaxTRESRunMinsPU", "cpu", None, 600),
        ),
    )


def test_single_users_are_left_out_unless_asked_for():
    assert [item[:3] for item in limits(QOS, users=False).qos] == [
        ("high", "", ""),
        ("high", "physics", ""),
        ("high", "chemistry", ""),
    ]


def test_no_member_has_used_a_qos():
    assert [item[:3] for item in limits(EMPTY_QOS).qos] == [("high", "", "")]


def test_slurm_22_05_gives_users_of_a_qos_by_id():
    root = pwd.getpwuid(0).pw_name
    for id_text, name in (("0", root), ("4294967290", "4294967290"), ("2001x", "2001x")):
        assert limits(QOS.replace("alice(2001)", id_text)).qos[3].user == name


def test_a_record_that_cannot_be_read_is_rejected_and_so_is_a_second_one():
    answer = limits(*[ACCOUNT] * 3, *[EMPTY_QOS] * 5, "QOS=broken", "ClusterName=broken", "other")
    assert (len(answer.associations), len(answer.qos), answer.rejected_lines) == (1, 1, 2 + 4 + 2)
    with pytest.raises(SlurmError, match="1 records, and none"):
        limits("QOS=broken")


def test_a_cluster_without_slurmdbd_has_no_limits():
    answer = limits("No associations currently cached in Slurm.", "No QOS currently cached in Slurm.")
    assert (answer.qos, answer.associations) == ((), ())


def test_scontrol_is_run(fake_slurm):
    fake_slurm.answers("scontrol", "\n".join([*HEAD, ACCOUNT, "", "QOS Records", QOS, ""]))
    answer = read_limits(SlurmRunner(10), users=False)
    assert (len(answer.associations), len(answer.qos)) == (1, 3)
    assert len(read_limits(SlurmRunner(10), users=True).qos) == 4
    assert fake_slurm.calls("scontrol") == ["--oneliner show assoc_mgr flags=qos,assoc"] * 2


@given(st.lists(st.binary(max_size=80)))
def test_no_bytes_stop_it(lines):
    answer = parse_limits([ACCOUNT.encode(), *lines], users=True)
    assert answer.associations[0].account == "physics"


@given(st.text(st.sampled_from("GrpTRESJobsMaxPU=(){}N0123456789,. /cpumem"), max_size=200))
def test_no_almost_right_record_stops_it(text):
    answer = limits(ACCOUNT, ACCOUNT.replace("physics", "chemistry") + text, QOS + text)
    assert answer.associations[0] == limits(ACCOUNT).associations[0]
