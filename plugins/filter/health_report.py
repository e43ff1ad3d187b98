# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: health_report
author: slurm.observability contributors (@slurm-observability)
short_description: Turn what the hosts and Prometheus answered into a table and a list of problems
version_added: 0.1.0
description:
  - Counts healthy hosts for each component and healthy targets for each scrape job, and gives each problem one line.
options:
  _input:
    description: >-
      For each host, a dictionary from component to what is wrong with it. An empty text means that nothing is. A host
      without a dictionary did not answer at all.
    type: dict
    required: true
  prometheus:
    description: >-
      For each Prometheus host, the results of its queries C(total), C(up), C(down), C(rules) and C(alerts), as the API
      returns them, and the list C(expected) of jobs that must have a target.
    type: dict
    default: {}
"""

EXAMPLES = r"""
- name: Show a report
  ansible.builtin.debug:
    msg: "{{ ({'head': {'prometheus': ''}, 'node1': none} | slurm.observability.health_report).table }}"
"""

RETURN = r"""
_value:
  description: C(table), a text for a terminal, and C(problems), a list with a sentence for each thing that is not up.
  type: dict
"""

SHOWN = 10  # of hosts or targets with the same problem; the rest is counted


def health_report(answers, prometheus=None):
    """See DOCUMENTATION."""
    prometheus = prometheus or {}
    lines, problems = _components(answers)
    for host, results in sorted(prometheus.items()):
        more_lines, more_problems = _scrape_jobs(host, results, named=len(prometheus) > 1)
        lines += [""] + more_lines
        problems += more_problems
    lines += [""] + (["! " + problem for problem in problems] or ["Everything is up."])
    return {"table": "\n".join(lines), "problems": problems}


def _row(name, count, healthy):
    return f"{name:<18} {count:>8} {healthy:>8}"


def _components(answers):
    """Returns the lines for the components, and what is wrong with any."""
    components = {}
    for host, health in answers.items():
        for component, problem in (health or {}).items():
            components.setdefault(component, {})[host] = problem
    lines = [_row("component", "hosts", "healthy")]
    problems = []
    silent = sorted(host for host, health in answers.items() if not health)
    if silent:
        problems.append(f"{_shorten(silent)}: no answer, or failed earlier in this run.")
    for component, hosts in sorted(components.items()):
        healthy = sum(1 for problem in hosts.values() if not problem)
        lines.append(_row(component, len(hosts), healthy))
        by_problem = {}
        for host, problem in hosts.items():
            if problem:
                by_problem.setdefault(problem, []).append(host)
        problems += [f"{_shorten(sorted(names))}: {problem}" for problem, names in sorted(by_problem.items())]
    return lines, problems


def _scrape_jobs(host, results, named):
    """Returns the lines for one Prometheus, and which of its targets are down."""
    total, up = _by_job(results["total"]), _by_job(results["up"])
    lines = [_row("targets of " + host if named else "scrape job", "targets", "up")]
    lines += [_row(job, count, up.get(job, 0)) for job, count in sorted(total.items())]
    rules = sum(int(float(series["value"][1])) for series in results["rules"])
    firing = sorted(f"{series['metric']['alertname']} ({series['value'][1]})" for series in results["alerts"])
    lines += ["", f"{rules} rules loaded; alerts firing: {', '.join(firing) or 'none'}"]

    down = {}
    for series in results["down"]:
        down.setdefault(series["metric"].get("job", ""), []).append(series["metric"].get("instance", "?"))
    problems = [
        f"{host}: the scrape job {job} has no target; see /targets there."
        for job in results["expected"]
        if job not in total
    ]
    for job, count in sorted(total.items()):
        missing = count - up.get(job, 0)
        if missing:
            names = sorted(down.get(job, []))
            among = f", {_shorten(names)} among them" if names else ""
            problems.append(
                f"{host}: {missing} of {count} targets of the scrape job {job} are down{among}; see /targets there."
            )
    if not rules:
        problems.append(f"{host}: Prometheus has no rules loaded, so nothing would raise an alert.")
    return lines, problems


def _by_job(series):
    return {one["metric"].get("job", ""): int(float(one["value"][1])) for one in series}


def _shorten(names):
    more = len(names) - SHOWN
    return ", ".join(names[:SHOWN]) + (f" and {more} more" if more > 0 else "")


class FilterModule:
    """Offers the filter to Ansible."""

    def filters(self):
        return {"health_report": health_report}
