"""grafana_dashboard with files, folders of files and addresses: inputs, uids, strays, and what is wrong with them."""

from __future__ import annotations

import hashlib
import json

import pytest
from ansible_collections.slurm.observability.plugins.module_utils.grafana import client

from tests.stand_ins.grafana.exchange import Response

from .conftest import Failed, warnings
from .documents import PROMETHEUS, dashboard, exported, write


def titles(grafana) -> list[str]:
    return sorted(one.title for one in grafana.organisation.dashboards.values())


def test_a_folder_of_files_goes_in_whole(grafana, tmp_path):
    path = write(tmp_path, gpu=dashboard(), node=dashboard("node-metrics", "Node"))
    (tmp_path / "README.md").write_text("no dashboard")
    result = grafana.converge("dashboard", path=path)
    assert [one["uid"] for one in result["dashboards"]] == ["gpu-monitoring", "node-metrics"]
    assert titles(grafana) == ["GPU", "Node"]
    write(tmp_path, node=dashboard("node-metrics", "Nodes"))
    assert [one["action"] for one in grafana.converge("dashboard", path=path)["dashboards"]] == ["unchanged", "updated"]


def test_a_uid_that_is_missing_is_derived_from_the_name_of_the_file(grafana, tmp_path):
    path = write(tmp_path, **{"job": dashboard(None, "Job"), "My Jobs": dashboard(None, "Mine")})
    uids = [one["uid"] for one in grafana.converge("dashboard", path=path)["dashboards"]]
    assert uids == ["my-jobs-" + hashlib.sha256(b"My Jobs").hexdigest()[:8], "job"]


def test_a_uid_can_be_given(grafana, tmp_path):
    path = write(tmp_path, gpu=dashboard())
    assert grafana.converge("dashboard", path=f"{path}/gpu.json", uid="mine")["dashboards"][0]["uid"] == "mine"
    grafana.converge("dashboard", path=f"{path}/gpu.json", uid="mine", state="absent")
    write(tmp_path, node=dashboard("node", "Node"))
    with pytest.raises(Failed, match=r"uid is of one dashboard, and .* has 2"):
        grafana.run("dashboard", path=path, uid="mine")


def test_inputs_are_filled(grafana, tmp_path):
    constant = {"name": "VAR_JOB", "type": "constant", "label": "job", "value": "dcgm_exporter"}
    expressions = {"name": "DS_EXPR", "type": "datasource", "pluginId": "__expr__"}
    query = {"query": "${VAR_JOB}", "datasource": {"uid": "${DS_EXPR}"}}
    document = exported(PROMETHEUS, constant, expressions, templating={"list": [query]})
    path = write(tmp_path, gpu=document)
    grafana.converge("dashboard", path=path, inputs={"DS_PROMETHEUS": "prom1"})
    content = grafana.organisation.dashboards["gpu-monitoring"].content
    assert content["panels"][0]["datasource"]["uid"] == "prom1"
    assert content["templating"]["list"] == [{"query": "dcgm_exporter", "datasource": {"uid": "__expr__"}}]
    assert not {"__inputs", "__elements", "__requires"} & set(content)
    grafana.converge("dashboard", path=path, inputs={"*": "prom2", "VAR_JOB": "gpu"})
    content = grafana.organisation.dashboards["gpu-monitoring"].content
    assert content["panels"][0]["datasource"]["uid"] == "prom2"
    assert content["templating"]["list"][0]["query"] == "gpu"


def test_inputs_that_are_missing_or_unknown_are_told_all_at_once(start, tmp_path):
    grafana = start()
    path = write(tmp_path, gpu=exported(PROMETHEUS), bare=exported(uid="bare"))
    with pytest.raises(Failed) as failed:
        grafana.run("dashboard", path=path, inputs={"DS_LOKI": "loki"})
    message = str(failed.value)
    assert "no dashboard has the input DS_LOKI" in message
    assert (
        "gpu.json: it needs the uid of a data source of the type prometheus for DS_PROMETHEUS (Prometheus)" in message
    )
    constant = {"name": "VAR_JOB", "type": "constant", "label": "job"}
    with pytest.raises(Failed, match=r"it needs a value for VAR_JOB \(job\): give it in inputs"):
        grafana.run("dashboard", dashboard=exported(constant), inputs={"*": "p"})
    assert "bare.json: its panels name the data source ${DS_PROMETHEUS}, which nothing defines" in message
    assert not grafana.stand_in.writes


def test_a_reference_that_no_export_defines_can_be_filled_too(start, tmp_path):
    grafana = start()
    path = write(tmp_path, bare=exported())
    grafana.converge("dashboard", path=path, inputs={"DS_PROMETHEUS": "prom1"})
    grafana.converge("dashboard", path=path, inputs={"*": "prom2"})
    variable = {"name": "DS_PROMETHEUS", "type": "datasource", "query": "prometheus"}
    write(tmp_path, bare=exported(templating={"list": [variable]}))
    grafana.converge("dashboard", path=path)
    panel = grafana.organisation.dashboards["gpu-monitoring"].content["panels"][0]
    assert panel["datasource"]["uid"] == "${DS_PROMETHEUS}"


@pytest.mark.parametrize("wrapping", ["api", "resource"])
def test_an_export_is_taken_out_of_its_wrapping(start, tmp_path, wrapping):
    grafana = start()
    if wrapping == "api":
        document = {"meta": {"folderUid": "x"}, "dashboard": {**dashboard(), "id": 3, "version": 4}}
    else:
        spec = dashboard(None)
        document = {"kind": "Dashboard", "metadata": {"name": "gpu-monitoring"}, "spec": spec}
    path = write(tmp_path, gpu=document)
    grafana.converge("dashboard", path=path)
    assert not grafana.run("dashboard", dashboard=dashboard())["changed"]


def test_strays_are_pruned_by_their_tag(grafana, tmp_path):
    path = write(tmp_path, gpu=dashboard(), old=dashboard("old", "Old"))
    grafana.run("dashboard", path=path)
    grafana.run("dashboard", dashboard=dashboard("theirs", "Theirs", tags=["other"]))
    (tmp_path / "old.json").unlink()
    result = grafana.converge("dashboard", path=path, prune_tag="slurm")
    assert [(one["uid"], one["action"]) for one in result["dashboards"]] == [
        ("gpu-monitoring", "unchanged"),
        ("old", "deleted"),
    ]
    assert titles(grafana) == ["GPU", "Theirs"]


def test_nothing_is_pruned_by_mistake(start, tmp_path):
    grafana = start()
    path = write(tmp_path / "some", gpu=dashboard(), bare=dashboard("bare", "Bare", tags=[]))
    grafana.run("dashboard", path=path)
    with pytest.raises(Failed, match=r"bare.json: it has not the tag 'slurm' of prune_tag"):
        grafana.run("dashboard", path=path, prune_tag="slurm")
    with pytest.raises(Failed, match=r"has no file \*.json in it"):
        grafana.run("dashboard", path=write(tmp_path / "none"), prune_tag="slurm")
    assert titles(grafana) == ["Bare", "GPU"]


def test_a_search_that_is_late_finds_no_strays(start, tmp_path):
    grafana = start()
    path = write(tmp_path, gpu=dashboard())
    grafana.run("dashboard", path=path)
    gone = Response(200, [{"uid": "gone", "title": "Gone", "tags": ["slurm"]}])
    grafana.faults.say(gone, path="/api/search")
    result = grafana.run("dashboard", path=path, prune_tag="slurm")
    assert not result["changed"] and [one["uid"] for one in result["dashboards"]] == ["gpu-monitoring"]


def test_many_strays_are_found_page_by_page(start, monkeypatch):
    monkeypatch.setattr(client, "_PAGE_SIZE", 3)
    grafana = start()
    for number in range(7):
        grafana.run("dashboard", dashboard=dashboard(f"stray-{number}", f"Stray {number}"))
    result = grafana.converge("dashboard", dashboard=dashboard(), prune_tag="slurm")
    assert len(result["dashboards"]) == 8
    assert titles(grafana) == ["GPU"]


def test_a_folder_of_files_is_removed_whatever_is_in_it(grafana, tmp_path):
    path = write(tmp_path, gpu=exported(PROMETHEUS), node=dashboard("node-metrics", "Node"))
    grafana.run("dashboard", path=path, inputs={"*": "prometheus"})
    grafana.run("dashboard", dashboard=dashboard("theirs", "Theirs"))
    grafana.converge("dashboard", path=path, state="absent")
    assert titles(grafana) == ["Theirs"]


def test_all_faults_of_all_files_are_told_at_once(start, tmp_path):
    grafana = start()
    path = write(tmp_path, a=dashboard(title=""), b=dashboard("x/y"), c=dashboard("same"), d=dashboard("same"))
    with pytest.raises(Failed) as failed:
        grafana.run("dashboard", path=path)
    for said in (
        "a.json: it has no title",
        "b.json: the uid 'x/y' has characters",
        "d.json: it has the uid 'same', as",
    ):
        assert said in str(failed.value)
    assert not grafana.stand_in.journal, "Grafana was asked before the files were looked at"


@pytest.mark.parametrize(
    ("content", "said"),
    [("{", "is no JSON: .*line 1"), ("[]", "is no dashboard: it is a list"), (None, "cannot be read: No such file")],
)
def test_a_file_that_is_no_dashboard_is_refused(start, tmp_path, content, said):
    file = tmp_path / "gpu.json"
    if content is not None:
        file.write_text(content)
    with pytest.raises(Failed, match=said):
        start().run("dashboard", path=str(file))


def test_a_dashboard_is_downloaded_and_checked(grafana, tmp_path):
    file = tmp_path / "gpu.json"
    file.write_text(json.dumps(dashboard(None)))
    url, digest = file.as_uri(), hashlib.sha256(file.read_bytes()).hexdigest()
    assert grafana.converge("dashboard", url=url, checksum=f"sha256:{digest}")["dashboards"][0]["uid"] == "gpu"
    with pytest.raises(Failed, match=f"has the SHA-256 {digest}, and checksum says another"):
        grafana.run("dashboard", url=url, checksum="0" * 64)
    with pytest.raises(Failed, match="cannot be downloaded"):
        grafana.run("dashboard", url=f"{url}.gone")


def test_what_may_not_work_is_warned_of(grafana, tmp_path):
    newer = [{"type": "panel", "id": "x", "version": ""}, {"type": "grafana", "id": "grafana", "version": "14.0.0"}]
    document = exported(PROMETHEUS, __requires=newer, __elements={"a": {"name": "A"}})
    result = grafana.run("dashboard", path=write(tmp_path, gpu=document), inputs={"*": "p"})
    version = grafana.stand_in.flavour.version
    assert f"gpu.json was made with Grafana 14.0.0, and this is {version}" in warnings(result)
    assert "gpu.json has library panels, which are not made here" in warnings(result)
    grafana.faults.order(404, "not here", path="/api/health")
    unknown = grafana.run("dashboard", path=str(tmp_path), inputs={"*": "p"}, uid="another", check=True)
    assert "library panels" in warnings(unknown) and "14.0.0" not in warnings(unknown)
    again = grafana.run("dashboard", path=str(tmp_path), inputs={"*": "p"})
    assert not warnings(again), "what is there is warned of again and again"


def test_an_error_says_how_far_it_came(grafana, tmp_path):
    path = write(tmp_path, a=dashboard("a", "A"), b=dashboard("b", "B"))
    # Right before the first write: the second is the next that a fault can meet.
    grafana.faults.before_write = lambda: grafana.faults.order(403, "Quota reached", method="POST", skip=1)
    with pytest.raises(Failed, match=r"b: POST .*Quota reached") as failed:
        grafana.run("dashboard", path=path)
    assert "(1 of 2 dashboards were done; the next run goes on from there)" in str(failed.value)
    assert [one["action"] for one in grafana.run("dashboard", path=path)["dashboards"]] == ["unchanged", "created"]
