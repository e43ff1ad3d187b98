# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""File patterns that the agent can follow, and those that it never says it cannot."""

from __future__ import annotations

import re

import pytest
from ansible_collections.slurm.observability.plugins.module_utils.azure.file_patterns import lint_file_pattern
from ansible_collections.slurm.observability.plugins.module_utils.azure.record_starts import RECORD_STARTS


@pytest.mark.parametrize(
    "pattern", ["/var/log/syslog", "/var/log/a/*.log", "/var/log/x*y*", r"C:\logs\a*.txt", r"C:\logs\*\a.txt"]
)
def test_patterns_that_the_agent_follows(pattern):
    assert list(lint_file_pattern(pattern, shared=["/shared"])) == []


@pytest.mark.parametrize(
    ("pattern", "finding"),
    [
        ("var/log/syslog", "is to be an absolute path."),
        ("/var/log/a.log,/var/log/b.log", "has a comma: give each pattern by itself."),
        ("/var/log/é.log", "has characters other than printable ASCII."),
        ("/var/*/a.log", "has a wildcard in a directory"),
        ("/var/log/", "is to end in the name of a file"),
        ("/var/log/a?.log", "is to end in the name of a file; '*' is the only wildcard."),
        ("/var/log/**", "is to end in the name of a file; '*' is the only wildcard."),
        ("/shared/logs/*.out", "is on the shared file system /shared; the agent reads local disks only."),
    ],
)
def test_each_fault_has_one_sentence(pattern, finding):
    (found,) = lint_file_pattern(pattern, shared=["/shared/", "/sharedness"])
    assert found.startswith(f"'{pattern}' ")
    assert finding.replace("/shared;", "/shared/;") in found


def test_a_neighbour_of_a_mount_point_is_not_on_it():
    assert list(lint_file_pattern("/shared2/a.log", shared=["/shared"])) == []
    assert list(lint_file_pattern("/a.log", shared=["/"])) != []


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("ISO 8601", "2025-09-08T21:11:35 x"),
        ("YYYY-MM-DD HH:MM:SS", "2025-09-08 21:11:35,123 x"),
        ("M/D/YYYY HH:MM:SS AM/PM", "9/8/2025 9:11:35 PM x"),
        ("Mon DD, YYYY HH:MM:SS", "Sep 08, 2025 21:11:35 x"),
        ("yyMMdd HH:mm:ss", "250908 21:11:35 x"),
        ("ddMMyy HH:mm:ss", "080925 21:11:35 x"),
        ("MMM d hh:mm:ss", "Sep  8 21:11:35 x"),
        ("dd/MMM/yyyy:HH:mm:ss zzz", "08/Sep/2025:21:11:35 +02:00 x"),
        ("yyyy-MM-ddTHH:mm:ssK", "2025-09-08T21:11:35Z x"),
    ],
)
def test_the_words_for_the_start_of_a_record_as_expressions(words, line):
    assert re.match(RECORD_STARTS[words], line)
    assert not re.match(RECORD_STARTS[words], '  File "x.py", line 1, in 2025-09-08T21:11:35')
