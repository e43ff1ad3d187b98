"""What is asked of a dstack server, and what is made of its answers."""

from __future__ import annotations

import json
import ssl
from dataclasses import replace

import pytest
from cryptography import x509
from slurm_observability.dstack import client as module
from slurm_observability.dstack.client import FAILED, LATE, UNAUTHORISED, UNREACHABLE, Client, DstackError
from slurm_observability.dstack.instance import Instance

from tests.stand_ins.dstack import DstackStandIn, fleet, instance
from tests.unit.programs.exporter.certificates import Authority

IDLE = Instance(
    project="research",
    fleet="h100",
    name="h100-0",
    identifier="id-of-h100-0",
    status="idle",
    backend="azure",
    hostname="10.0.0.4",
    health=0,
    unreachable=0,
    busy_blocks=0,
    total_blocks=8,
)


def refused(client: Client) -> DstackError:
    with pytest.raises(DstackError) as raised:
        client.instances()
    return raised.value


def test_an_instance_is_what_dstack_says_of_it(dstack, make_settings):
    dstack.fleets = [fleet("h100", instance("h100-0"))]
    assert Client(make_settings()).instances() == [IDLE]
    assert dstack.questions == [{"only_active": True, "limit": 100}]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ({"status": "busy", "busy_blocks": 3}, {"status": "busy", "busy_blocks": 3}),
        (
            {"status": "pending", "backend": None, "hostname": None},
            {"status": "pending", "backend": "", "hostname": ""},
        ),
        ({"status": "terminating"}, {"status": "terminating"}),
        ({"unreachable": True}, {"unreachable": 1}),
        ({"health_status": "warning"}, {"health": 1}),
        ({"health_status": "failure"}, {"health": 2}),
        ({"health_status": "of a later version"}, {"health": None}),
        ({"total_blocks": None}, {"total_blocks": None}),
        ({"busy_blocks": "many"}, {"busy_blocks": None}),
    ],
)
def test_what_may_be_said_of_an_instance(dstack, make_settings, said, shown):
    dstack.fleets = [fleet("h100", instance("h100-0", **said))]
    assert Client(make_settings()).instances() == [replace(IDLE, **shown)]


def test_what_an_older_server_does_not_say_is_not_taken_for_good(dstack, make_settings):
    record = instance("h100-0")
    for field in ("health_status", "unreachable", "busy_blocks", "total_blocks"):
        del record[field]
    dstack.fleets = [fleet("h100", record)]
    unknown = dict.fromkeys(("health", "unreachable", "busy_blocks", "total_blocks"))
    assert Client(make_settings()).instances() == [replace(IDLE, **unknown)]


def test_an_instance_that_is_gone_is_none(dstack, make_settings):
    dstack.fleets = [fleet("h100", instance("h100-0", "terminated"))]
    assert Client(make_settings()).instances() == []


@pytest.mark.parametrize("number", [100, 101, 250])
def test_all_pages_are_read(dstack, make_settings, number):
    dstack.fleets = [fleet(f"f{age}", instance(f"i{age}"), age=age) for age in range(number)]
    assert [one.name for one in Client(make_settings()).instances()] == [f"i{age}" for age in range(number)]


def test_a_server_that_gives_the_same_page_again_is_not_asked_for_ever(dstack, make_settings):
    dstack.pages_known = False
    dstack.fleets = [fleet(f"f{age}", instance(f"i{age}"), age=age) for age in range(100)]
    assert [one.name for one in Client(make_settings()).instances()] == [f"i{age}" for age in range(100)]
    assert len(dstack.questions) == 2


def test_the_token_is_read_anew(dstack, make_settings, token_file):
    client = Client(make_settings())
    token_file.chmod(0o600)
    token_file.write_text("revoked\n")
    error = refused(client)
    assert error.outcome == UNAUTHORISED
    assert str(error) == f'{dstack.url} answers 403: {{"detail": {{"msg": "Invalid token", "code": null}}}}'
    token_file.unlink()
    assert refused(client).outcome == UNAUTHORISED


@pytest.mark.parametrize(
    ("status", "body", "outcome", "words"),
    [
        (401, b"", UNAUTHORISED, "answers 401: it gave no reason"),
        (500, b"<h1>Internal\nServer Error</h1>", FAILED, "answers 500: <h1>Internal Server Error</h1>"),
        (404, b"{}", FAILED, "answers 404"),
        (200, b"<html>", FAILED, "answers with something else than dstack does"),
        (200, b'{"fleets": []}', FAILED, "answers with something else"),
        (200, b'["fleet"]', FAILED, "answers with something else"),
        (200, b'[{"name": "a fleet without instances"}]', FAILED, "answers with something else"),
        (200, b'[{"instances": [{}]}]', FAILED, "answers with something else"),
        (200, b'[{"instances": [7]}]', FAILED, "answers with something else"),
        (200, b"[" * 100_000, FAILED, "answers with something else"),
    ],
)
def test_another_answer_is_one_sentence(dstack, make_settings, status, body, outcome, words):
    dstack.answers(status, body)
    error = refused(Client(make_settings()))
    assert error.outcome == outcome
    assert words in str(error) and "\n" not in str(error)


def test_an_answer_without_end_is_given_up(dstack, make_settings, monkeypatch):
    monkeypatch.setattr(module, "MAX_ANSWER_BYTES", 1000)
    dstack.fleets = [fleet("h100", *(instance(f"i{number}") for number in range(100)))]
    assert "longer than 1000 bytes" in str(refused(Client(make_settings())))


def test_a_server_that_is_silent_is_given_up(web_server, make_settings):
    web_server.pages["/api/fleets/list"] = lambda request: request.rfile.read()  # more than there is
    error = refused(Client(make_settings(timeout=0.2)))
    assert (error.outcome, str(error)) == (LATE, f"{web_server.url} did not answer within 0.2 seconds")


def test_nobody_there(make_settings):
    error = refused(Client(make_settings(url="http://127.0.0.1:1")))
    assert (error.outcome, str(error)) == (UNREACHABLE, "http://127.0.0.1:1 cannot be asked: Connection refused")


def test_certificates_are_checked(tmp_path, make_web_server, make_settings):
    authority = Authority(tmp_path, "site")
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    pair = authority.sign("server", x509.DNSName("localhost"))
    context.load_cert_chain(pair.certificate, pair.key)
    stand_in = DstackStandIn(make_web_server(context=context))
    assert Client(make_settings(url=stand_in.url, ca_file=authority.certificate)).instances() == []
    error = refused(Client(make_settings(url=stand_in.url)))
    assert error.outcome == UNREACHABLE and "certificate verify failed" in str(error)


def test_authorities_that_are_not_there_are_told_of(make_settings):
    error = refused(Client(make_settings(url="https://127.0.0.1:1", ca_file="/no/such")))
    assert (error.outcome, str(error)) == (
        UNREACHABLE,
        "https://127.0.0.1:1 cannot be asked: No such file or directory",
    )


@pytest.mark.parametrize(
    ("url", "shown"), [("http://dstack.example.org", True), ("http://127.0.0.1:3000", False), ("https://d", False)]
)
def test_a_token_in_plain_text_is_noticed(make_settings, url, shown):
    assert Client(make_settings(url=url)).shows_token is shown


def test_a_prefix_of_the_address_is_kept(dstack, web_server, make_settings):
    web_server.pages["/behind/api/fleets/list"] = (200, json.dumps([fleet("h100", instance("h100-0"))]).encode())
    assert Client(make_settings(url=f"{dstack.url}/behind")).instances() == [IDLE]
