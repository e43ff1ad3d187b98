# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which lines slurm.conf lacks for the job hooks. The lines of `scontrol show config` are those of real ones."""

from __future__ import annotations

import pytest
from ansible.errors import AnsibleFilterError
from ansible_collections.slurm.observability.plugins.filter.job_hook_settings import FilterModule, job_hook_settings

HOOKS = {
    "Prolog": "/etc/slurm/prolog.d/50-observability.sh",
    "Epilog": "/etc/slurm/epilog.d/50-observability.sh",
    "PrologSlurmctld": "/etc/slurm/prolog.slurmctld.d/50-observability.sh",
    "EpilogSlurmctld": "/etc/slurm/epilog.slurmctld.d/50-observability.sh",
}
LINES = [f"{parameter}={path}" for parameter, path in HOOKS.items()]


def old(prolog="(null)", epilog="(null)", prolog_slurmctld="(null)"):
    """What Slurm 22.05 prints."""
    return f"""Configuration data as of 2026-11-21T16:49:18
Epilog                  = {epilog}
EpilogMsgTime           = 2000 usec
EpilogSlurmctld         = (null)
Prolog                  = {prolog}
PrologEpilogTimeout     = 65534
PrologSlurmctld         = {prolog_slurmctld}
PrologFlags             = (null)
SLURM_VERSION           = 22.05.8
"""


def new(*settings):
    """What Slurm 24.05 and later print: a parameter that is not set is not there."""
    return "\n".join(["EpilogMsgTime           = 2000 usec", *settings, "SLURM_VERSION           = 25.11.5", ""])


@pytest.mark.parametrize("config", [old(), new()])
def test_a_slurm_without_hooks_gets_all_four(config):
    answer = job_hook_settings(config, HOOKS)
    assert (answer["lines"], answer["missing"]) == (LINES, list(HOOKS))
    assert (answer["conflicts"], answer["left_out"]) == ({}, {})


def test_nothing_changes_once_ours_are_there():
    config = new(*(f"{parameter}[0]               = {path}" for parameter, path in HOOKS.items()))
    answer = job_hook_settings(config, HOOKS)
    assert (answer["lines"], answer["missing"]) == (LINES, [])
    assert answer["running"] == {parameter: [path] for parameter, path in HOOKS.items()}
    answer = job_hook_settings(old(prolog=HOOKS["Prolog"]), HOOKS)
    assert (answer["lines"], answer["missing"]) == (LINES, ["Epilog", "PrologSlurmctld", "EpilogSlurmctld"])


@pytest.mark.parametrize("pattern", ["/etc/slurm/prolog.d/*", "/etc/slurm/prolog.d/*.sh", "/etc/slurm/prolog.d/5?-*"])
@pytest.mark.parametrize("config", [old, lambda prolog: new(f"Prolog[0]               = {prolog}")])
def test_a_pattern_that_matches_ours_is_enough(config, pattern):
    answer = job_hook_settings(config(prolog=pattern), HOOKS)
    assert (answer["lines"], answer["conflicts"]) == (LINES[1:], {})
    assert answer["running"] == {"Prolog": [pattern]}


@pytest.mark.parametrize("theirs", ["/opt/site/prolog.sh", "/etc/slurm/*", "/opt/*/50-observability.sh"])
def test_a_script_of_the_sites_stays(theirs):
    answer = job_hook_settings(new(f"Prolog[0]               = {theirs}"), HOOKS)
    assert (answer["lines"], answer["conflicts"]) == (LINES, {})
    answer = job_hook_settings(old(prolog=theirs), HOOKS)
    assert (answer["lines"], answer["conflicts"]) == (LINES[1:], {"Prolog": [theirs]})


@pytest.mark.parametrize("theirs", ["/opt/azurehpc/slurm/prolog.sh", "/etc/slurm/prolog.slurmctld.d/*"])
def test_a_second_hook_of_slurmctld_would_let_the_job_start_too_early(theirs):
    for config in (old(prolog_slurmctld=theirs), new(f"PrologSlurmctld[0]      = {theirs}")):
        answer = job_hook_settings(config, HOOKS)
        assert answer["lines"] == [LINES[0], LINES[1], LINES[3]]
        assert answer["left_out"] == {"PrologSlurmctld": [theirs]}


def test_what_is_no_configuration_is_refused():
    with pytest.raises(AnsibleFilterError, match="scontrol show config"):
        job_hook_settings("slurm_load_ctl_conf error: Unable to contact slurm controller", HOOKS)


def test_ansible_finds_the_filter():
    assert FilterModule().filters() == {"job_hook_settings": job_hook_settings}
