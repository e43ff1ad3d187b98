"""grafana_folder: at the top, in each other, moved, renamed, removed."""

from __future__ import annotations

import pytest

from tests.stand_ins.grafana import Owner

from .conftest import Failed, Grafana
from .documents import dashboard


def paths(grafana: Grafana) -> list[str]:
    """The titles that lead to each folder."""

    def path(uid: str) -> str:
        folder = grafana.organisation.folders[uid]
        return f"{path(folder.parent_uid)}/{folder.title}" if folder.parent_uid else folder.title

    return sorted(path(uid) for uid in grafana.organisation.folders)


def test_a_folder_is_made_once(grafana):
    result = grafana.converge("folder", path="Slurm", uid="slurm")
    assert (result["uid"], result["folder"]["title"]) == ("slurm", "Slurm")
    assert result["diff"] == {"before": {}, "after": {"path": "Slurm", "uid": "slurm"}}


def test_a_folder_without_a_uid_is_found_by_its_title(grafana):
    made = grafana.converge("folder", path="Slurm")
    assert grafana.run("folder", path="Slurm")["uid"] == made["uid"] != ""


@pytest.mark.parametrize("version", [11, 12, 13])
def test_folders_are_made_in_each_other(start, version):
    grafana = start(version)
    grafana.converge("folder", path="Slurm/GPU/Health")
    assert paths(grafana) == ["Slurm", "Slurm/GPU", "Slurm/GPU/Health"]
    grafana.converge("folder", path="Slurm/GPU/Profiling", uid="profiling")
    grafana.converge("folder", path="GPU")
    assert paths(grafana) == ["GPU", "Slurm", "Slurm/GPU", "Slurm/GPU/Health", "Slurm/GPU/Profiling"]


@pytest.mark.parametrize("version", [9, 10])
def test_a_grafana_without_nested_folders_says_so(start, version):
    grafana = start(version)
    with pytest.raises(Failed, match="has put the folder 'GPU' at the top: it has no folders in folders before"):
        grafana.run("folder", path="Slurm/GPU")


def test_a_folder_at_the_top_is_not_taken_for_one_in_another(grafana):
    for title in ("Slurm", "GPU"):
        grafana.run("folder", path=title)
    with pytest.raises(Failed, match="there is no folder 'Slurm/GPU'"):
        grafana.run("dashboard_info", folder="Slurm/GPU")


def test_a_slash_in_a_title_is_no_path(start):
    grafana = start()
    grafana.converge("folder", path="Slurm\\/HPC/GPU")
    assert paths(grafana) == ["Slurm/HPC", "Slurm/HPC/GPU"]
    assert [one.title for one in grafana.organisation.folders.values()] == ["Slurm/HPC", "GPU"]


def test_a_folder_gets_another_title(grafana):
    grafana.run("folder", path="Slurm", uid="slurm")
    grafana.converge("folder", path="HPC", uid="slurm")
    assert paths(grafana) == ["HPC"]


def test_a_folder_is_moved_and_renamed(start):
    grafana = start()
    grafana.run("folder", path="GPU", uid="gpu")
    result = grafana.converge("folder", path="Slurm/GPUs", uid="gpu")
    assert paths(grafana) == ["Slurm", "Slurm/GPUs"]
    assert result["diff"]["before"] == {"path": "GPU", "uid": "gpu"}
    grafana.converge("folder", path="GPU", uid="gpu")
    assert paths(grafana) == ["GPU", "Slurm"]


def test_a_uid_is_not_changed(grafana):
    grafana.run("folder", path="Slurm", uid="old")
    grafana.run("folder", path="HPC", uid="another")
    for uid in ("new", "another"):
        with pytest.raises(Failed, match="has the uid 'old', and Grafana does not change a uid: set uid to that"):
            grafana.run("folder", path="Slurm", uid=uid)


def test_a_uid_that_a_dashboard_has_is_a_conflict(grafana):
    grafana.run("dashboard", dashboard=dashboard("slurm"))
    with pytest.raises(Failed, match=r"same uid already exists \(HTTP 409\); somebody .* has it already"):
        grafana.run("folder", path="Slurm", uid="slurm")


def test_a_title_that_two_folders_have_needs_a_uid(start):
    grafana = start(13)
    grafana.run("folder", path="Slurm", uid="one")
    grafana.run("folder", path="Other", uid="two")
    grafana.organisation.folders["two"].title = "Slurm"
    with pytest.raises(
        Failed, match=r"there are 2 folders with the title 'Slurm' in one place: give the uid \(one, two\)"
    ):
        grafana.run("folder", path="Slurm")


def test_a_change_in_the_same_moment_is_a_conflict(grafana):
    grafana.run("folder", path="Slurm", uid="slurm")

    def someone_changes_it() -> None:
        grafana.organisation.folders["slurm"].version += 1

    grafana.faults.before_write = someone_changes_it
    with pytest.raises(Failed, match=r"has been changed by someone else.*run this again"):
        grafana.run("folder", path="HPC", uid="slurm")


def test_an_empty_folder_is_removed(grafana):
    grafana.run("folder", path="Slurm", uid="slurm")
    result = grafana.converge("folder", uid="slurm", state="absent")
    assert result["diff"] == {"before": {"path": "Slurm", "uid": "slurm"}, "after": {}}
    grafana.run("folder", path="Slurm")
    grafana.converge("folder", path="Slurm", state="absent")
    assert not grafana.organisation.folders


def test_a_folder_that_is_not_empty_is_removed_by_force_only(grafana):
    grafana.run("folder", path="Slurm", uid="slurm")
    grafana.run("dashboard", dashboard=dashboard(), folder="Slurm")
    for check in (True, False):
        with pytest.raises(Failed, match=r"the folder 'Slurm' is not empty \(1 dashboard\): set force to"):
            grafana.run("folder", uid="slurm", state="absent", check=check)
    grafana.converge("folder", uid="slurm", state="absent", force=True)
    assert not grafana.organisation.dashboards and not grafana.organisation.folders


def test_alert_rules_count_as_content(start):
    grafana = start()
    grafana.run("folder", path="Slurm/GPU", uid="gpu")
    grafana.organisation.folders["gpu"].alert_rules = 3
    with pytest.raises(Failed, match=r"is not empty \(3 alertrule, 1 folder\)"):
        grafana.run("folder", path="Slurm", state="absent")
    grafana.converge("folder", path="Slurm", state="absent", force=True)


@pytest.mark.parametrize("version", [12, 13])
def test_a_folder_of_file_provisioning_is_left_alone(start, version):
    grafana = start(version)
    grafana.run("folder", path="Slurm", uid="slurm")
    grafana.organisation.folders["slurm"].owner = Owner()
    for options in ({"path": "HPC"}, {"state": "absent"}):
        with pytest.raises(Failed, match="belongs to classic-file-provisioning, which would undo the change"):
            grafana.run("folder", uid="slurm", **options)
    assert not grafana.run("folder", path="Slurm", uid="slurm")["changed"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "path"),
        ({"state": "absent"}, "path, uid"),
        ({"path": "/"}, "path has no title in it"),
        ({"path": "Slurm", "uid": "slurm/gpu"}, "has characters in it that Grafana refuses"),
    ],
)
def test_what_cannot_be_is_said_before(start, options, said):
    grafana = start()
    with pytest.raises(Failed, match=said):
        grafana.run("folder", **options)
    assert not grafana.stand_in.journal
