# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the answers come from: scontrol on this machine or over SSH, or slurmrestd.

Each source has one method, ``read``, that returns a dict with C(cluster_name), C(controllers), C(partitions) (names),
C(nodes), and C(warnings); see _slurm_answers for controllers and nodes. It raises SourceError with one sentence that
says what is wrong.
"""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Sequence
from urllib.error import HTTPError, URLError

from ansible.module_utils.urls import open_url
from ansible_collections.slurm.observability.plugins.plugin_utils import _slurm_answers

# Newest first. A slurmrestd serves the last three to five of them.
API_VERSIONS = tuple(f"v0.0.{number}" for number in range(48, 36, -1))


class SourceError(Exception):
    """Slurm could not be asked, or its answer makes no sense."""


class Scontrol:
    """Asks scontrol, through a command prefix such as an ssh command line where it is on another machine."""

    def __init__(self, scontrol: str, timeout: int, answer_format: str = "auto", prefix: Sequence[str] = ()) -> None:
        self._scontrol = scontrol
        self._timeout = timeout
        self._format = answer_format
        self._prefix = list(prefix)

    def read(self) -> dict:
        """Ask for controllers, partitions and nodes."""
        code, ping, error = self._run("ping")
        controllers, _nothing = _slurm_answers.controllers_from_text(ping, "")
        if not controllers:
            raise SourceError(f"'scontrol ping' names no controller: {_last_line(error) or f'exit status {code}'}")
        if not any(controller["up"] for controller in controllers):
            names = ", ".join(controller["name"] for controller in controllers)
            raise SourceError(f"no slurmctld answers (asked: {names}); start it, or ask where it runs")
        controllers, cluster_name = _slurm_answers.controllers_from_text(ping, self._text("show", "config"))
        answers = self._json_answers() if self._format != "text" else None
        if answers:
            partitions = _slurm_answers.partitions_from_json(answers["partitions"])
            nodes, left_out = _slurm_answers.nodes_from_json(answers["nodes"]), []
        else:
            partitions = _slurm_answers.partitions_from_text(self._text("--all", "-o", "show", "partitions"))
            nodes, left_out = _slurm_answers.nodes_from_text(self._text("--all", "-o", "show", "nodes"), partitions)
        warnings = []
        if left_out:
            warnings.append(
                "left out, because they cannot be read or no partition names them, and scontrol has no JSON output here"
                f" that would prove them real: {', '.join(left_out[:20])}"
            )
        return {
            "cluster_name": cluster_name,
            "controllers": controllers,
            "partitions": list(partitions),
            "nodes": nodes,
            "warnings": warnings,
        }

    def _json_answers(self) -> dict | None:
        """Return the JSON answers by subject, or None where this scontrol has no JSON output."""
        answers = {}
        for subject in ("nodes", "partitions"):
            code, output, error = self._run("--all", "--json", "show", subject)
            try:
                answers[subject] = json.loads(output)
            except ValueError:
                if self._format == "json":
                    reason = _last_line(error) or f"exit status {code}"
                    raise SourceError(f"'scontrol --json show {subject}' gives no JSON: {reason}") from None
                return None
        return answers

    def _text(self, *words: str) -> str:
        code, output, error = self._run(*words)
        if code:
            raise SourceError(f"'scontrol {' '.join(words)}' failed: {_last_line(error) or f'exit status {code}'}")
        return output

    def _run(self, *words: str) -> tuple[int, str, str]:
        """Run scontrol; return exit status, stdout and stderr.

        The outputs are files, not pipes: a connection that ssh keeps open in the background would hold a pipe open.
        """
        command = [self._scontrol, *words]
        if self._prefix:
            command = [*self._prefix, shlex.join(["env", "LC_ALL=C", *command])]
        with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as error:
            try:
                process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=error,
                    env={**os.environ, "LC_ALL": "C"},
                    start_new_session=True,
                )
            except OSError as failure:
                raise SourceError(f"{command[0]!r} cannot be run: {failure.strerror}") from None
            try:
                code = process.wait(self._timeout)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()
                raise SourceError(
                    f"'scontrol {' '.join(words)}' did not answer within {self._timeout} s: slurmctld may hang"
                ) from None
            output.seek(0)
            error.seek(0)
            return code, output.read().decode("utf-8", "replace"), error.read().decode("utf-8", "replace")


class Slurmrestd:
    """Asks slurmrestd over HTTP with a JSON web token."""

    def __init__(
        self,
        url: str,
        token: str,
        timeout: int,
        user: str = "",
        api_version: str = "auto",
        validate_certs: bool = True,
        ca_path: str | None = None,
    ) -> None:
        self._url = url.rstrip("/")
        self._headers = {"X-SLURM-USER-TOKEN": token, "Accept": "application/json"}
        if user:
            self._headers["X-SLURM-USER-NAME"] = user
        self._timeout = timeout
        self._versions = API_VERSIONS if api_version == "auto" else (api_version,)
        self._tls = {"validate_certs": validate_certs, "ca_path": ca_path}

    def read(self) -> dict:
        """Ask for controllers, partitions and nodes."""
        for version in self._versions:
            ping = self._get(f"/slurm/{version}/ping")
            if ping is not None:
                break
        else:
            raise SourceError(f"slurmrestd at {self._url} serves none of {', '.join(self._versions)}; set api_version")
        controllers, cluster_name = _slurm_answers.controllers_from_json(ping)
        return {
            "cluster_name": cluster_name,
            "controllers": controllers,
            "partitions": list(_slurm_answers.partitions_from_json(self._get(f"/slurm/{version}/partitions") or {})),
            "nodes": _slurm_answers.nodes_from_json(self._get(f"/slurm/{version}/nodes") or {}),
            "warnings": [],
        }

    def _get(self, path: str) -> dict | None:
        """Return the JSON answer, or None where slurmrestd does not know the path."""
        try:
            with open_url(self._url + path, headers=self._headers, timeout=self._timeout, **self._tls) as response:
                return json.loads(response.read())
        except HTTPError as error:
            if error.code == 404:
                return None
            if error.code in (401, 403, 511):
                raise SourceError(
                    f"slurmrestd at {self._url} refuses the token: make a new one with 'scontrol token', and before"
                    " Slurm 23.02 set slurmrestd_user to its user"
                ) from None
            raise SourceError(f"slurmrestd at {self._url}{path} answers {error.code} {error.reason}") from None
        except URLError as error:
            raise SourceError(f"slurmrestd at {self._url} cannot be reached: {error.reason}") from None
        except (OSError, ValueError) as error:
            raise SourceError(f"slurmrestd at {self._url}{path} gives no usable answer: {error}") from None


def _last_line(text: str) -> str:
    """Return the last line that says something: what Slurm's tools print last is what failed."""
    return next((line.strip() for line in reversed(text.splitlines()) if line.strip()), "")[:300]
