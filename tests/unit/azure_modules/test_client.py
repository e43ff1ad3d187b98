"""The client, on answers that are scripted: each is what Azure has been seen to say, or could."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.slurm.observability.plugins.module_utils.azure.client import ArmClient, Patience
from ansible_collections.slurm.observability.plugins.module_utils.azure.errors import (
    ArmError,
    CredentialError,
    PatienceError,
    UnreachableError,
)
from azure.core import exceptions

ARM = "https://management.azure.com"
PATH = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Insights/dataCollectionRules/r"
OPERATION = f"{ARM}/subscriptions/s/providers/x/locations/l/operationstatuses/1?api-version=1"
VERSION = "2023-03-11"
DONE = {"properties": {"provisioningState": "Succeeded"}, "name": "r"}
# An answer: what is asked (a beginning of it), the status, the body, the headers.
Answer = tuple[str, int, Any, dict[str, str]]


def answer(asked: str, status: int, body: Any = None, **headers: str) -> Answer:
    return asked, status, body, {name.replace("_", "-"): value for name, value in headers.items()}


class Clock:
    """A clock that moves by sleeping only."""

    def __init__(self) -> None:
        self.time = 0.0
        self.pauses: list[float] = []

    def now(self) -> float:
        return self.time

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds


class Script:
    """The client's pipeline: gives the answers in their order, and holds what is asked against them."""

    def __init__(self, *answers: Answer | Exception) -> None:
        self.answers = list(answers)
        self.sent: list[Any] = []
        self.clock = Clock()

    def send_request(self, request: Any) -> Any:
        self.sent.append(request)
        assert self.answers, f"nobody was to ask {request.method} {request.url}"
        step = self.answers.pop(0)
        if isinstance(step, Exception):
            raise step
        asked, status, body, headers = step
        assert f"{request.method} {request.url.removeprefix(ARM)}".startswith(asked)
        text = body if isinstance(body, str) else "" if body is None else json.dumps(body)
        return SimpleNamespace(status_code=status, headers=headers, text=lambda: text)

    def client(self, seconds: float = 600) -> ArmClient:
        client = ArmClient(
            SimpleNamespace(get_token=None),
            "s",
            ARM + "/",
            f"{ARM}/.default",
            timeout=seconds,
            patience=lambda seconds: Patience(seconds, self.clock.now, self.clock.sleep),
        )
        client.monitor = SimpleNamespace(_client=self)
        return client


def run(*answers: Answer | Exception, seconds: float = 600) -> tuple[Script, ArmClient]:
    script = Script(*answers)
    return script, script.client(seconds)


def refusal(code: str, message: str = "no") -> dict[str, Any]:
    return {"error": {"code": code, "message": message}}


@pytest.mark.parametrize("body", [refusal("ResourceNotFound"), refusal("NotFound"), None])
def test_what_is_not_there_is_none(body):
    _script, client = run(answer(f"GET {PATH}?api-version={VERSION}", 404, body))
    assert client.get(PATH, VERSION) is None


def test_a_name_stays_a_part_of_the_path():
    script, client = run(answer("GET", 200, DONE), answer("GET", 200, DONE))
    client.get("/subscriptions/s/savedSearches/who? #1 50%", VERSION)
    assert script.sent[0].url == f"{ARM}/subscriptions/s/savedSearches/who%3F%20%231%2050%25?api-version={VERSION}"
    client.get("logs", VERSION)
    assert script.sent[1].url.startswith(f"{ARM}/logs?")


def test_what_is_missing_above_is_an_error():
    _script, client = run(
        answer("GET", 404, refusal("ResourceGroupNotFound", "Resource group 'g' could not be found."))
    )
    with pytest.raises(ArmError, match=r"GET /subscriptions.*: ResourceGroupNotFound: Resource group 'g'.*HTTP 404"):
        client.get(PATH, VERSION)


def test_an_error_has_the_reasons_that_are_in_its_details():
    details = [
        {
            "code": "InvalidOutputTable",
            "target": "properties.dataFlows[0]",
            "message": "Table for output stream\r\n 'Custom-x_CL' is not available",
            "details": [{"code": "Inner", "message": "deeper"}],
        }
    ]
    body = {"error": {"code": "InvalidPayload", "message": "Data collection rule is invalid", "details": details}}
    _script, client = run(answer("PUT", 400, body))
    with pytest.raises(ArmError) as error:
        client.put(PATH, VERSION, {})
    assert str(error.value) == (
        f"PUT {PATH}: InvalidPayload: Data collection rule is invalid; InvalidOutputTable at properties.dataFlows[0]: "
        "Table for output stream 'Custom-x_CL' is not available; Inner: deeper (HTTP 400)"
    )
    assert error.value.codes == {"InvalidPayload", "InvalidOutputTable", "Inner"}


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("<html>\n Bad Gateway </html>", "<html> Bad Gateway </html>"),
        (None, "no explanation"),
        ({"error": "invalid_client", "error_description": "AADSTS1: no"}, "invalid_client: AADSTS1: no"),
        ([1], r"\[1\]"),
    ],
)
def test_an_error_of_any_shape_has_a_text(body, text):
    _script, client = run(answer("GET", 502, body))
    with pytest.raises(ArmError, match=f"{text} .HTTP 502"):
        client.get(PATH, VERSION)


def test_an_answer_of_somebody_else_is_an_error():
    _script, client = run(answer("GET", 200, "<html>Sign in to the Wi-Fi</html>"))
    with pytest.raises(UnreachableError, match="the answer is not Azure's, but: <html>Sign in"):
        client.get(PATH, VERSION)


def test_a_list_is_read_to_its_last_page():
    script, client = run(
        answer(
            f"GET {PATH}/associations?api-version={VERSION}", 200, {"value": [{"a": 1}], "nextLink": f"{ARM}/n?x=1"}
        ),
        answer("GET /n?x=1", 200, {"value": [{"a": 2}], "nextLink": None}),
    )
    assert list(client.list(f"{PATH}/associations", VERSION)) == [{"a": 1}, {"a": 2}]
    assert "api-version" not in script.sent[1].url
    assert client.requests == 2


@pytest.mark.parametrize("elsewhere", ["https://elsewhere.example/n", "http://management.azure.com/n"])
def test_a_link_that_leads_elsewhere_is_not_followed_with_the_token(elsewhere):
    script, client = run(answer("GET", 200, {"value": [{"a": 1}], "nextLink": elsewhere}))
    with pytest.raises(UnreachableError, match=r"sends us on to .*, which is refused"):
        list(client.list(PATH, VERSION))
    assert len(script.sent) == 1

    script, client = run(answer("PUT", 202, Azure_AsyncOperation=elsewhere))
    with pytest.raises(UnreachableError, match="which is refused"):
        client.put(PATH, VERSION, {})
    assert len(script.sent) == 1


def test_a_change_is_followed_to_its_true_end():
    script, client = run(
        answer(f"PUT {PATH}?api-version={VERSION}", 202, Azure_AsyncOperation=OPERATION, Location=f"{ARM}/results"),
        answer("GET /subscriptions/s/providers/x", 200, {"status": "InProgress"}),
        answer("GET /subscriptions/s/providers/x", 200, {"status": "InProgress"}, Retry_After="17"),
        answer("GET /subscriptions/s/providers/x", 200, {"status": "Succeeded"}),
        answer(f"GET {PATH}?", 200, DONE),
    )
    assert client.put(PATH, VERSION, {"location": "eastus"}) == DONE
    assert json.loads(script.sent[0].content) == {"location": "eastus"}
    assert script.clock.pauses == [2.0, 3.0, 17.0]


@pytest.mark.parametrize(
    ("end", "text"),
    [
        (
            {"status": "Failed", "error": {"code": "SchemaUpdateFatalError", "message": "Table validation failed"}},
            "SchemaUpdateFatalError: Table validation failed .HTTP 200",
        ),
        ({"status": "Canceled"}, "Canceled"),
    ],
)
def test_an_operation_that_fails_says_so_with_status_200(end, text):
    _script, client = run(answer("PUT", 202, Azure_AsyncOperation=OPERATION), answer("GET", 200, end))
    with pytest.raises(ArmError, match=text):
        client.put(PATH, VERSION, {})


def test_an_operation_may_have_a_location_only():
    _script, client = run(
        answer("POST", 202, Location=f"{ARM}/results", Retry_After="1"),
        answer("GET /results", 202),
        answer("GET /results", 200),
    )
    client.post(f"{PATH}/manualupgrade", VERSION, {"instanceIds": ["1"]})


def test_what_is_still_made_is_waited_for():
    creating = {"properties": {"provisioningState": "Creating"}}
    _script, client = run(answer("PUT", 201, creating), answer("GET", 200, creating), answer("GET", 200, DONE))
    assert client.put(PATH, VERSION, {}) == DONE

    _script, client = run(answer("GET", 200, creating), answer("GET", 200, DONE))
    assert client.get_settled(PATH, VERSION) == DONE

    deleting = {"properties": {"provisioningState": "Deleting"}}
    _script, client = run(answer("GET", 200, deleting), answer("GET", 404, refusal("ResourceNotFound")))
    assert client.get_settled(PATH, VERSION) is None


def test_what_comes_to_nothing_is_an_error():
    failed = {"properties": {"provisioningState": "Failed"}}
    _script, client = run(answer("PUT", 200, failed))
    with pytest.raises(ArmError, match="Failed: Azure could not bring it into this form"):
        client.put(PATH, VERSION, {})

    _script, client = run(answer("PUT", 202), answer("GET", 404, refusal("ResourceNotFound")))
    with pytest.raises(ArmError, match="gone again after it had been made"):
        client.put(PATH, VERSION, {})


def test_patience_ends_with_what_to_do():
    endless = [answer("GET", 200, {"status": "InProgress"})] * 20
    script, client = run(answer("PUT", 202, Azure_AsyncOperation=OPERATION), *endless, seconds=60)
    with pytest.raises(PatienceError, match=r"not done after 60 s\. Azure goes on with it: run this again, or raise"):
        client.put(PATH, VERSION, {})
    assert script.clock.time == 60
    assert max(script.clock.pauses) <= 30


def test_a_refusal_that_passes_by_itself_is_waited_out():
    early = answer("PUT", 400, {"error": {"code": "InvalidPayload", "details": [{"code": "InvalidOutputTable"}]}})
    script, client = run(early, early, answer("PUT", 200, DONE))
    assert client.put(PATH, VERSION, {}, again_on=("InvalidOutputTable",)) == DONE
    assert script.clock.pauses == [4.0, 4.0]

    script, client = run(*[early] * 5, seconds=10)
    with pytest.raises(ArmError, match="InvalidOutputTable"):
        client.put(PATH, VERSION, {}, again_on=("InvalidOutputTable",))
    assert script.clock.time == 10

    script, client = run(answer("PUT", 400, refusal("InvalidStream")))
    with pytest.raises(ArmError, match="InvalidStream"):
        client.put(PATH, VERSION, {}, again_on=("InvalidOutputTable",))


@pytest.mark.parametrize(("status", "was_there"), [(200, True), (204, False), (404, False)])
def test_a_deletion_says_whether_there_was_anything(status, was_there):
    script, client = run(answer(f"DELETE {PATH}", status))
    assert client.delete(PATH, VERSION, deleteAssociations="true") is was_there
    assert "deleteAssociations=true" in script.sent[0].url


def test_a_deletion_is_followed_to_its_true_end():
    failed = {"status": "Failed", "error": {"code": "Locked", "message": "no"}}
    _script, client = run(answer("DELETE", 202, Azure_AsyncOperation=OPERATION), answer("GET", 200, failed))
    with pytest.raises(ArmError, match="Locked"):
        client.delete(PATH, VERSION)


@pytest.mark.parametrize(
    ("cause", "kind", "text"),
    [
        (exceptions.ClientAuthenticationError("AADSTS7000222: expired"), CredentialError, "AADSTS7000222"),
        (exceptions.ServiceRequestError("no such host"), UnreachableError, "azure.com does not answer: no such host"),
        (exceptions.ServiceResponseError("cut"), UnreachableError, "does not answer: cut"),
        (exceptions.TooManyRedirectsError([]), UnreachableError, "redirect"),
    ],
)
def test_what_the_pipeline_raises_is_told_in_our_words(cause, kind, text):
    _script, client = run(cause)
    with pytest.raises(kind, match=text):
        client.get(PATH, VERSION)


def test_operations_of_the_sdk_keep_what_its_models_do_not_know(azure):
    rule = azure.id("Microsoft.Insights/dataCollectionRules", "r")
    azure.stand_in.services.put(rule, {"location": "eastus", "properties": {"description": "x"}})
    document = azure.document(rule)
    azure.estate.store.put({**document, "properties": {**document["properties"], "brandNew": 1}})
    client = azure.client()
    get = client.monitor.data_collection_rules.get

    assert client.ask(get, "hpc", "r", api_version=VERSION)["properties"]["brandNew"] == 1
    assert client.ask(get, "hpc", "nothing", api_version=VERSION) is None
    with pytest.raises(ArmError, match="get nowhere/r: ResourceGroupNotFound"):
        client.ask(get, "nowhere", "r", api_version=VERSION)
    azure.faults.forbid(kind="dataCollectionRules")
    with pytest.raises(ArmError, match=r"AuthorizationFailed.*HTTP 403"):
        client.ask(get, "hpc", "r", api_version=VERSION)


def test_a_token_that_is_refused_is_azures_error_and_no_failed_sign_in(azure):
    client = azure.client()
    azure.faults.refuse(401, "InvalidAuthenticationTokenTenant", "wrong tenant", kind="dataCollectionRules", times=5)
    with pytest.raises(ArmError, match="wrong tenant"):
        client.ask(client.monitor.data_collection_rules.get, "hpc", "r", api_version=VERSION)
    with pytest.raises(ArmError, match="wrong tenant"):
        client.get(azure.id("Microsoft.Insights/dataCollectionRules", "r"), VERSION)
