"""Associates the machine that it runs on with data collection rules, for machines that are born after any run.

    python3 associate.py CONFIGURATION

The configuration is a JSON object: "rules", the ids of the rules; "client_id", the user-assigned identity to sign in
with, where the machine has several; "seconds", how long to try (300). The identity needs a role that may write
associations on the machine, such as Monitoring Contributor.

Only what is missing is asked for, so that a thousand machines that boot at once ask for no more than they need; and
Azure's wishes to be asked later are heeded. An instance of a scale set of uniform orchestration follows what the set
follows, and has nothing to do here. Python 3.6 and its standard library are enough.
"""

import json
import os
import random
import sys
import time
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

# Where azure-identity looks for the metadata service, too.
METADATA = os.environ.get("AZURE_POD_IDENTITY_AUTHORITY_HOST", "http://169.254.169.254")
ENDPOINTS = {
    "AzurePublicCloud": "https://management.azure.com",
    "AzureChinaCloud": "https://management.chinacloudapi.cn",
    "AzureUSGovernmentCloud": "https://management.usgovcloudapi.net",
}
ASSOCIATIONS = "providers/Microsoft.Insights/dataCollectionRuleAssociations"
API_VERSION = "2023-03-11"
# The metadata service is on the machine's own link: a proxy cannot reach it.
DIRECT = urllib.request.build_opener(urllib.request.ProxyHandler({}))
PAUSE_SECONDS = 5.0


# What a machine that is new may hear: no identity yet (400), no role yet (403), a rule not seen yet (404).
PASSING = (400, 403, 404, 408, 409, 429)


class Failure(Exception):
    """What another try does not mend."""


class NotYet(Exception):
    """What another try may mend, after some seconds."""

    def __init__(self, text, seconds=PAUSE_SECONDS):
        super().__init__(text)
        self.seconds = seconds


def ask(opener, request):
    """The document that is answered. Raises NotYet and Failure."""
    place = request.full_url.partition("?")[0]
    try:
        with opener.open(request, timeout=60) as answer:
            return json.loads(answer.read().decode() or "{}")
    except urllib.error.HTTPError as error:
        text = " ".join(error.read().decode(errors="replace").split())[:500]
        text = f"{request.get_method()} {place}: {error.code} {text}"
        if error.code not in PASSING and error.code < 500:
            raise Failure(text) from error
        wish = error.headers.get("Retry-After", "")
        raise NotYet(text, float(wish) if wish.isdigit() else PAUSE_SECONDS) from error
    except OSError as error:
        raise NotYet(f"{place}: {error}") from error


def metadata(path, **query):
    """A document of the instance metadata service."""
    url = f"{METADATA}/metadata/{path}?{urllib.parse.urlencode(query)}"
    return ask(DIRECT, urllib.request.Request(url, headers={"Metadata": "true"}))  # noqa: S310  # of METADATA


class Manager:
    """Azure Resource Manager, as the identity of this machine."""

    def __init__(self, endpoint, resource, client_id):
        self.endpoint = endpoint
        chosen = {"client_id": client_id} if client_id else {}
        token = metadata("identity/oauth2/token", **{"api-version": "2018-02-01", "resource": resource, **chosen})
        self.headers = {"Authorization": "Bearer " + token["access_token"], "Content-Type": "application/json"}

    def send(self, method, path, body=None):
        """A request; the document that is answered."""
        url = f"{self.endpoint}{urllib.parse.quote(path)}?api-version={API_VERSION}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(url, data=data, headers=self.headers, method=method)  # noqa: S310  # https
        return ask(urllib.request.build_opener(), request)


def associate(configuration):
    """Make the associations that are missing; return the names of their rules."""
    machine = metadata("instance/compute", **{"api-version": "2021-02-01"})
    identifier = machine["resourceId"]
    if "/virtualmachinescalesets/" in identifier.lower():
        return []
    cloud = ENDPOINTS.get(machine.get("azEnvironment"))
    if not cloud:
        raise Failure(f"the cloud {machine.get('azEnvironment')} is not known here")
    endpoint = os.environ.get("AZURE_ARM_ENDPOINT") or cloud
    manager = Manager(endpoint, cloud, configuration.get("client_id"))
    present = manager.send("GET", f"{identifier}/{ASSOCIATIONS}")["value"]
    followed = {(one["properties"].get("dataCollectionRuleId") or "").lower() for one in present}
    made = []
    for rule in configuration["rules"]:
        if rule.lower() not in followed:
            name = rule.rpartition("/")[2]
            path = f"{identifier}/{ASSOCIATIONS}/{name}-association"
            manager.send("PUT", path, {"properties": {"dataCollectionRuleId": rule}})
            made.append(name)
    return made


def main(path):
    """Try until it is done, or the time is over; return the exit code."""
    configuration = json.loads(Path(path).read_text(encoding="utf-8"))
    end = time.monotonic() + configuration.get("seconds", 300)
    while True:
        try:
            made = associate(configuration)
        except Failure as failure:
            print(failure, file=sys.stderr)
            return 1
        except NotYet as error:
            # Machines that boot together do not come back together.
            pause = error.seconds * random.uniform(1, 1.5)  # noqa: S311
            if time.monotonic() + pause > end:
                print(f"not done in time: {error}", file=sys.stderr)
                return 1
            time.sleep(pause)
        else:
            print("follows " + ", ".join(made) if made else "nothing is missing")
            return 0


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    sys.exit(main(sys.argv[1]))
