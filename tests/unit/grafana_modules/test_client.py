"""The way to Grafana: credentials, TLS, what passes by itself, and what is said when it does not."""

from __future__ import annotations

import socket
import ssl
from email.utils import formatdate
from time import time

import pytest

from tests.stand_ins.grafana.exchange import Response
from tests.stand_ins.grafana.sign_in import Who
from tests.stand_ins.grafana.stand_in import PASSWORD, TOKEN
from tests.unit.programs.exporter.certificates import Authority

from .conftest import Failed, Grafana, warnings
from .documents import dashboard

BASIC = {"url_username": "admin", "url_password": PASSWORD}


def test_a_name_and_a_password_do_as_well_as_a_token(grafana):
    grafana.converge("dashboard", dashboard=dashboard(), **BASIC)


def test_the_environment_has_address_and_credential(start, monkeypatch):
    grafana = start()
    monkeypatch.setenv("GRAFANA_URL", grafana.stand_in.url)
    monkeypatch.setenv("GRAFANA_TOKEN", TOKEN)
    assert grafana.run("dashboard", dashboard=dashboard(), grafana_url=None, token=None)["changed"]
    assert not grafana.run("dashboard", dashboard=dashboard(), **BASIC)["changed"]
    monkeypatch.setenv("GRAFANA_TOKEN", "glsa_wrong")
    monkeypatch.setenv("GRAFANA_USER", "admin")
    monkeypatch.setenv("GRAFANA_PASSWORD", PASSWORD)
    assert not grafana.run("dashboard", dashboard=dashboard())["changed"], "the option goes first"
    monkeypatch.delenv("GRAFANA_TOKEN")
    assert not grafana.run("dashboard", dashboard=dashboard(), token=None)["changed"]
    assert TOKEN not in grafana.output and PASSWORD not in grafana.output


def test_another_organisation_is_asked_by_a_header(grafana):
    grafana.converge("dashboard", dashboard=dashboard(), org_id=2, **BASIC)
    assert list(grafana.stand_in.organisations[2].dashboards) == ["gpu-monitoring"]
    assert not grafana.organisation.dashboards
    with pytest.raises(Failed, match=r"Unauthorized \(HTTP 401\)"):
        grafana.run("dashboard", dashboard=dashboard(), org_id=7, **BASIC)


@pytest.mark.parametrize("credential", [{"token": "glsa_wrong"}, {**BASIC, "url_password": "wrong-password"}])
@pytest.mark.parametrize(
    ("module", "options"),
    [
        ("dashboard", {"dashboard": dashboard()}),
        ("dashboard_info", {"uid": "x"}),
        ("folder", {"path": "Slurm"}),
        ("datasource", {"name": "Prometheus", "type": "prometheus"}),
    ],
)
def test_a_wrong_credential_is_said_and_not_shown(grafana, module, options, credential):
    with pytest.raises(Failed, match=r"Invalid .*\(HTTP 401\); the token or the password is not valid there") as failed:
        grafana.run(module, **options, **credential)
    assert failed.value.result["status"] == 401
    assert not grafana.stand_in.writes
    assert "wrong-password" not in grafana.output and "glsa_wrong" not in grafana.output


def test_a_missing_permission_is_named(grafana):
    grafana.stand_in.accounts.tokens["viewer"] = Who("viewer", "Viewer", (1,))
    with pytest.raises(Failed, match=r"Permissions needed: dashboards:\w+ \(HTTP 403\); give the service account"):
        grafana.run("dashboard", dashboard=dashboard(), token="viewer")
    with pytest.raises(Failed, match=r"Permissions needed: folders:create"):
        grafana.run("folder", path="Slurm", token="viewer")
    with pytest.raises(Failed, match=r"Permissions needed: datasources:read"):
        grafana.run("datasource", name="Prometheus", type="prometheus", token="viewer")


@pytest.mark.parametrize("credential", [{"token": TOKEN}, BASIC])
def test_no_credential_is_printed(grafana, credential):
    grafana.faults.order(500, "database is locked", method="POST", times=9)
    with pytest.raises(Failed, match=r"database is locked \(HTTP 500\)"):
        grafana.run("dashboard", dashboard=dashboard(), **credential)
    grafana.faults.ordered.clear()
    grafana.run("dashboard", dashboard=dashboard(), **credential)
    assert TOKEN not in grafana.output and PASSWORD not in grafana.output
    assert "Bearer" not in grafana.output and "Basic" not in grafana.output


def test_a_credential_is_needed_and_only_one(start):
    grafana = start()
    for options in ({"token": None}, {"token": TOKEN, **BASIC}, {"url_username": "admin"}):
        with pytest.raises(Failed):
            grafana.run("dashboard_info", uid="x", **options)
    assert not grafana.stand_in.journal


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_what_passes_by_itself_is_waited_for(start, status, method):
    grafana = start()
    grafana.faults.order(status, "later", method=method, times=2)
    grafana.converge("folder", path="Slurm")
    assert grafana.pauses[:2] == [1.0, 2.0]


def test_the_pause_is_the_one_that_grafana_asks_for(grafana):
    grafana.faults.throttle("7", method="GET")
    grafana.faults.throttle("0.5", method="POST|PUT")
    grafana.run("dashboard", dashboard=dashboard())
    assert grafana.pauses == [7.0, 0.5]
    grafana.faults.throttle(formatdate(time() + 20, usegmt=True), method="GET")
    grafana.faults.throttle("3600", method="GET")
    grafana.faults.throttle("soon", method="GET")
    grafana.run("dashboard", dashboard=dashboard())
    assert 15 < grafana.pauses[2] <= 20
    assert grafana.pauses[3:] == [60.0, 4.0]


def test_patience_has_an_end(grafana):
    grafana.faults.throttle(path="/api/folders", times=99)
    with pytest.raises(Failed, match=r"Too many requests \(HTTP 429\)"):
        grafana.run("folder", path="Slurm", retries=3)
    assert len(grafana.pauses) == 3
    with pytest.raises(Failed):
        grafana.run("folder", path="Slurm", retries=0)
    assert len(grafana.pauses) == 3


def test_a_write_that_was_done_without_an_answer_is_said(start):
    grafana = start(11)
    grafana.faults.order(502, "Bad gateway", method="POST", late=True)
    with pytest.raises(Failed, match=r"may have been taken on without an answer: run this again"):
        grafana.run("dashboard", dashboard=dashboard())
    assert not grafana.run("dashboard", dashboard=dashboard())["changed"]


@pytest.mark.parametrize(
    ("response", "said"),
    [
        (
            Response(200, "<html>Welcome</html>"),
            "the answer is not Grafana's, but: <html>Welcome.*is grafana_url right",
        ),
        (
            Response(301, "", {"Location": "https://grafana.example.org/"}),
            "sends us on to https://grafana.example.org/",
        ),
        (Response(502, "<html>Bad gateway</html>"), "<html>Bad gateway</html> .HTTP 502."),
        (Response(400, {"error": "no such plugin"}), "no such plugin"),
        (Response(400, {}), "no explanation|{}"),
    ],
)
def test_an_answer_of_something_else_is_told_apart(start, response, said):
    grafana = start()
    grafana.faults.say(response, path="/api/folders", times=9)
    with pytest.raises(Failed, match=said):
        grafana.run("folder", path="Slurm")


def test_a_refusal_that_breaks_off_is_a_refusal(start):
    grafana = start()
    cut = Response(403, "half of a page", {"Transfer-Encoding": "chunked"})
    grafana.faults.say(cut, path="/api/folders")
    with pytest.raises(Failed, match=r"GET /api/folders: no explanation \(HTTP 403\)"):
        grafana.run("folder", path="Slurm")


def test_an_answer_may_be_empty(start):
    grafana = start()
    grafana.run("dashboard", dashboard=dashboard())
    grafana.faults.say(Response(200, ""), method="DELETE", late=True)
    assert grafana.run("dashboard", uid="gpu-monitoring", state="absent")["changed"]


def test_a_server_that_fails_is_not_taken_for_an_old_one(start):
    grafana = start(13)
    grafana.faults.order(500, "starting", path="/apis/", times=9)
    with pytest.raises(Failed, match=r"GET /apis/dashboard.grafana.app: starting \(HTTP 500\)"):
        grafana.run("dashboard", dashboard=dashboard())
    assert not grafana.stand_in.writes


def test_a_grafana_that_starts_is_waited_for(start):
    grafana = start()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(Failed, match=f"{address} does not answer: .*refused"):
        grafana.run("dashboard_info", uid="x", grafana_url=address, retries=2)
    assert grafana.pauses == [1.0, 2.0]


def test_a_server_that_says_nothing_is_not_waited_for_without_end(start):
    grafana = start()
    with socket.create_server(("127.0.0.1", 0)) as mute:
        address = f"http://127.0.0.1:{mute.getsockname()[1]}"
        with pytest.raises(Failed, match=f"{address} does not answer: timed out"):
            grafana.run("dashboard_info", uid="x", grafana_url=address, timeout=1, retries=2)
    assert grafana.pauses == [1.0, 2.0]


def test_the_proxy_of_the_environment_is_used_unless_it_is_not_to_be(start, monkeypatch):
    grafana = start()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{free.getsockname()[1]}")
    monkeypatch.delenv("no_proxy", raising=False)
    with pytest.raises(Failed, match=r"does not answer: .*refused"):
        grafana.run("dashboard", dashboard=dashboard(), retries=0)
    assert grafana.run("dashboard", dashboard=dashboard(), use_proxy=False)["changed"]


def test_the_address_is_looked_at(start):
    grafana = start()
    for address, said in (
        ("grafana.example.org", "grafana_url is no address"),
        ("", "grafana_url is no address"),
        ("file:///etc/passwd", "grafana_url is no address"),
        ("https://admin:hidden@grafana.example.org", "put them into url_username and url_password"),
    ):
        with pytest.raises(Failed, match=said):
            grafana.run("dashboard_info", uid="x", grafana_url=address)
    assert "grafana.example.org" in grafana.output and "hidden" not in grafana.output


def test_a_slash_at_the_end_of_the_address_does_no_harm(start):
    grafana = start()
    result = grafana.run("dashboard", dashboard=dashboard(), grafana_url=f"{grafana.stand_in.url}/")
    assert result["dashboards"][0]["url"] == f"{grafana.stand_in.url}/d/gpu-monitoring"


def test_tls_is_checked(start, tmp_path):
    grafana = start(directory=tmp_path)
    grafana.converge("dashboard", dashboard=dashboard())
    with pytest.raises(Failed, match=r"certificate verify failed.*; set ca_path to the certificate of the authority"):
        grafana.run("dashboard", dashboard=dashboard(), ca_path=None)
    assert not grafana.pauses, "a certificate does not become right by waiting"
    assert not grafana.run("dashboard", dashboard=dashboard(), ca_path=None, validate_certs=False)["changed"]
    for option in ("ca_path", "client_cert"):
        with pytest.raises(Failed, match=f"{option} cannot be used: No such file"):
            grafana.run("dashboard", dashboard=dashboard(), **{option: str(tmp_path / "none")})


def test_a_certificate_is_shown_to_who_asks_for_one(start, tmp_path):
    authority = Authority(tmp_path, "authority")
    server, mine = authority.sign("grafana"), authority.sign("ansible")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=authority.certificate)
    context.load_cert_chain(server.certificate, server.key)
    context.verify_mode = ssl.CERT_REQUIRED
    grafana = start(context=context)
    asked = {"dashboard": dashboard(), "ca_path": str(authority.certificate), "retries": 0}
    with pytest.raises(Failed, match="does not answer"):
        grafana.run("dashboard", **asked)
    pair = {"client_cert": str(mine.certificate), "client_key": str(mine.key)}
    assert grafana.run("dashboard", **asked, **pair)["changed"]


def test_http_to_another_host_is_warned_of(start, monkeypatch):
    grafana: Grafana = start()
    monkeypatch.setenv("http_proxy", grafana.stand_in.url)  # leads to the stand-in, whatever the host is
    monkeypatch.delenv("no_proxy", raising=False)
    result = grafana.run("folder", path="Slurm", grafana_url="http://grafana.example.org", check=True)
    assert "grafana_url is http://: the credential goes over the network for everybody to read" in warnings(result)
    assert not warnings(grafana.run("folder", path="Slurm"))


def test_a_token_may_come_with_the_end_of_its_line(start):
    grafana = start()
    assert grafana.run("dashboard", dashboard=dashboard(), token=f"{TOKEN}\n")["changed"]
    for token in ("$ANSIBLE_VAULT;1.1\n3132", "glsa_\u00e4"):
        with pytest.raises(Failed, match="token has characters in it that no token has"):
            grafana.run("dashboard", dashboard=dashboard(), token=token)


def test_a_netrc_does_not_replace_the_credential(start, monkeypatch, tmp_path):
    grafana = start()
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login somebody password else")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    assert grafana.run("dashboard", dashboard=dashboard())["changed"]
