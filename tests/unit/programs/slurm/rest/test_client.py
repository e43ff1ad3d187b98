"""Asking slurmrestd: versions, tokens, errors."""

from __future__ import annotations

import json
import time

import pytest
from slurm_observability.slurm.command import SlurmError
from slurm_observability.slurm.endpoint import Endpoint
from slurm_observability.slurm.rest.client import RestClient


def records(client, page="/jobs", key="jobs", **more):
    return list(client.records(page, key, **more))


def headers(slurmrestd):
    return slurmrestd.server.requests[-1][1]


@pytest.mark.parametrize(
    ("offered", "version"),
    [
        (("v0.0.36", "v0.0.37", "v0.0.38"), "v0.0.38"),
        (("v0.0.40", "v0.0.41", "v0.0.42"), "v0.0.42"),
        (("v0.0.42", "v0.0.45", "v0.0.46"), "v0.0.45"),
    ],
)
def test_the_newest_version_that_both_speak(slurmrestd, offered, version):
    for each in offered:
        slurmrestd.serves(each)
    slurmrestd.answers(f"/slurm/{version}/jobs", {"jobs": [1, 2]})
    client = slurmrestd.client()
    assert client.version() == version
    assert records(client) == [1, 2]
    asked = len(slurmrestd.server.requests)
    assert records(client) == [1, 2]
    assert len(slurmrestd.server.requests) == asked + 1, "the version is asked for once"


def test_no_version_that_both_speak(slurmrestd):
    slurmrestd.serves("v0.0.99")
    with pytest.raises(
        SlurmError, match=r"speaks none of the versions from v0\.0\.36 to v0\.0\.45; use another source"
    ):
        slurmrestd.client().version()


def test_a_version_that_was_given_is_not_looked_for(slurmrestd):
    slurmrestd.answers("/slurm/v0.0.41/jobs", {"jobs": []})
    client = slurmrestd.client(api_version="v0.0.41")
    assert records(client) == []
    assert slurmrestd.server.paths == ["/slurm/v0.0.41/jobs"]


def test_an_upgraded_slurmrestd_is_asked_again_which_versions_it_has(slurmrestd):
    slurmrestd.serves("v0.0.40")
    slurmrestd.answers("/slurm/v0.0.40/jobs", {"jobs": ["old"]})
    client = slurmrestd.client()
    assert records(client) == ["old"]
    slurmrestd.server.pages.clear()
    slurmrestd.serves("v0.0.43")
    slurmrestd.answers("/slurm/v0.0.43/jobs", {"jobs": ["new"]})
    with pytest.raises(SlurmError, match="slurmrestd answers 404 Not Found: no such page"):
        records(client)
    assert records(client) == ["new"]


def test_the_database_has_pages_of_its_own(slurmrestd):
    slurmrestd.answers("/slurmdb/v0.0.41/jobs", {"jobs": [3]})
    assert records(slurmrestd.client(api_version="v0.0.41"), plugin="slurmdb") == [3]


def test_a_document(slurmrestd):
    slurmrestd.answers("/slurm/v0.0.41/diag", {"statistics": {"jobs_started": 3}, "errors": []})
    document = slurmrestd.client(api_version="v0.0.41").document("/diag")
    assert document["statistics"] == {"jobs_started": 3}


def test_the_token_and_its_user_are_sent(slurmrestd):
    slurmrestd.answers("/slurm/v0.0.41/jobs", {"jobs": []})
    records(slurmrestd.client(api_version="v0.0.41"))
    sent = headers(slurmrestd)
    assert sent["X-SLURM-USER-TOKEN"] == slurmrestd.token_file.read_text()
    assert sent["X-SLURM-USER-NAME"] == "slurm"


@pytest.mark.parametrize("user", [None, 7, "", "two\r\nX-Lines: 1", "röt"])
def test_a_user_that_cannot_be_sent_is_not(slurmrestd, user):
    slurmrestd.set_token(sun=user)
    slurmrestd.answers("/slurm/v0.0.41/jobs", {"jobs": []})
    records(slurmrestd.client(api_version="v0.0.41"))
    assert "X-SLURM-USER-NAME" not in headers(slurmrestd)


@pytest.mark.parametrize("payload", ["bm90IGpzb24", "WzFd", "!", "_"])
def test_a_token_that_says_nothing_about_itself_is_sent_all_the_same(slurmrestd, payload):
    slurmrestd.token_file.write_text(f"a.{payload if payload != '!' else 'a'}.b")
    slurmrestd.answers("/slurm/v0.0.41/jobs", {"jobs": []})
    assert records(slurmrestd.client(api_version="v0.0.41")) == []


def test_a_new_token_is_used_at_once(slurmrestd):
    slurmrestd.answers("/slurm/v0.0.41/jobs", {"jobs": []})
    client = slurmrestd.client(api_version="v0.0.41")
    records(client)
    first = headers(slurmrestd)["X-SLURM-USER-TOKEN"]
    slurmrestd.set_token(sun="slurm", exp=1 << 41)
    records(client)
    assert headers(slurmrestd)["X-SLURM-USER-TOKEN"] != first


def test_the_token_as_scontrol_prints_it(slurmrestd):
    token = slurmrestd.token_file.read_text()
    slurmrestd.token_file.write_text(f"SLURM_JWT={token}\n")
    slurmrestd.answers("/slurm/v0.0.41/jobs", {"jobs": []})
    records(slurmrestd.client(api_version="v0.0.41"))
    assert headers(slurmrestd)["X-SLURM-USER-TOKEN"] == token


def test_the_token_of_the_environment(slurmrestd, monkeypatch):
    monkeypatch.setenv("SLURM_JWT", slurmrestd.token_file.read_text())
    slurmrestd.answers("/slurm/v0.0.41/jobs", {"jobs": []})
    client = RestClient(Endpoint("slurmrestd", slurmrestd.server.url, 10.0), None, "v0.0.41")
    assert records(client) == []
    monkeypatch.delenv("SLURM_JWT")
    with pytest.raises(SlurmError, match="the environment variable SLURM_JWT holds no token for slurmrestd; 'scontrol"):
        records(client)


@pytest.mark.parametrize("content", [b"", b"secret", b"a.b.c d", b"a.b.c\r\nX-Evil: 1", b"a.b\n.c"])
def test_what_is_no_token_is_not_sent_and_not_shown(slurmrestd, content):
    slurmrestd.token_file.write_bytes(content)
    with pytest.raises(SlurmError, match="token holds no token for slurmrestd") as error:
        slurmrestd.client().version()
    assert not slurmrestd.server.requests
    assert "secret" not in str(error.value)


def test_a_token_that_cannot_be_read(slurmrestd):
    slurmrestd.token_file.write_bytes(b"\xff")
    with pytest.raises(SlurmError, match=r"cannot be read from .*token: it is no text"):
        slurmrestd.client().version()
    slurmrestd.token_file.unlink()
    with pytest.raises(SlurmError, match=r"cannot be read from .*token: No such file or directory"):
        slurmrestd.client().version()


def test_a_refused_token(slurmrestd):
    slurmrestd.answers("/slurm/v0.0.45/ping", b"Authentication failure", 401)
    client = slurmrestd.client()
    with pytest.raises(SlurmError, match=r"slurmrestd answers 401 Unauthorized: Authentication failure$") as error:
        client.version()
    assert slurmrestd.token_file.read_text() not in str(error.value)
    slurmrestd.set_token(sun="slurm", exp=time.time() - 60)
    with pytest.raises(SlurmError, match=r"slurmrestd answers 401 Unauthorized: the token expired at \d{4}-"):
        client.version()


def test_errors_of_slurm(slurmrestd):
    client = slurmrestd.client(api_version="v0.0.41")
    # Recorded from Slurm 24.11.5, with slurmctld stopped.
    errors = [
        {
            "description": "Failure to query jobs",
            "error_number": 1811,
            "error": "Unable to contact slurm controller (connect failure)",
            "source": "slurm_load_jobs",
        },
        {"error": "Unable to contact slurm controller (connect failure)"},
        "what",
    ]
    slurmrestd.answers("/slurm/v0.0.41/jobs", {"jobs": [], "errors": errors}, 500)
    said = r"Failure to query jobs; Unable to contact slurm controller \(connect failure\)$"
    with pytest.raises(SlurmError, match=f"slurmrestd answers 500 Internal Server Error: {said}"):
        records(client)
    slurmrestd.answers("/slurm/v0.0.41/jobs", {"jobs": [1], "errors": errors})
    with pytest.raises(SlurmError, match=rf"slurmrestd at /slurm/v0\.0\.41/jobs says: {said}"):
        records(client)
    slurmrestd.answers("/slurm/v0.0.41/jobs", {"errors": [{}]})
    with pytest.raises(SlurmError, match="says: an error without a text"):
        records(client)


@pytest.mark.parametrize("body", [b"", b"[]", b"[" * 100_000, b'{"jobs": [{"a": 1}', b"<html>", b"\xff\xff"])
def test_an_answer_that_is_no_json_object(slurmrestd, body):
    slurmrestd.answers("/slurm/v0.0.41/jobs", body)
    with pytest.raises(SlurmError, match=r"slurmrestd at /slurm/v0\.0\.41/jobs gives no usable answer"):
        records(slurmrestd.client(api_version="v0.0.41"))


@pytest.mark.parametrize("body", [b"busy", b'["busy"]', b'{"errors": "busy"}'])
def test_a_refusal_of_any_form(slurmrestd, body):
    slurmrestd.answers("/slurm/v0.0.41/jobs", body, 503)
    with pytest.raises(SlurmError, match=r"slurmrestd answers 503 Service Unavailable: .*busy"):
        records(slurmrestd.client(api_version="v0.0.41"))


def test_slurmrestd_wants_to_be_left_alone(slurmrestd):
    slurmrestd.answers("/slurm/v0.0.41/jobs", json.dumps({"errors": [{"error": "slow down"}]}).encode(), 429)
    slurmrestd.server.headers = {"Retry-After": "30"}
    with pytest.raises(SlurmError, match="429 Too Many Requests: slow down") as error:
        records(slurmrestd.client(api_version="v0.0.41"))
    assert error.value.retry_after == 30
