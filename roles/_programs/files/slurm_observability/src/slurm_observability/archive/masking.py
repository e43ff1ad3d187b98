"""Secrets in the environment: found by the names of variables and by what values look like, and masked.

A mask cannot know every secret. The list is in docs/job-archive.md; a site adds to it with a file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import translate
from pathlib import Path

from ..command_line.options import UsageError

MASK = b"***masked***"

# Names, as in a shell's patterns, in any case.
NAMES = (
    *("*TOKEN*", "*SECRET*", "*PASSWORD*", "*PASSWD*", "*PASSPHRASE*", "*_PASS", "*_PWD", "*CREDENTIAL*", "*COOKIE*"),
    *("*_KEY", "*_KEY_*", "*APIKEY*", "*PRIVATE*KEY*", "*_PAT", "*_AUTH", "*JWT*", "*SIGNATURE*", "*WEBHOOK*"),
    *("AWS_*", "SAS", "SAS_*", "*_SAS", "*_SAS_*", "*CONNECTION_STRING*", "*_DSN"),
)
# In values: what to look for, and what to put there. Users choose the values: each pattern needs time in proportion to
# their length, whatever they hold.
VALUES = (
    # The password in scheme://user:password@host.
    (re.compile(rb"(?<![a-zA-Z0-9+.-])([a-zA-Z][a-zA-Z0-9+.-]*://[^/\s:@]*:)\S{1,512}(?=@)"), rb"\1" + MASK),
    (re.compile(rb"(?i)\b(bearer|basic)\s+[A-Za-z0-9+/._~=-]{8,}"), rb"\1 " + MASK),
    (re.compile(rb"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL), MASK),
    # JSON Web Tokens, and tokens of AWS, GitHub, GitLab, Slack, Hugging Face, OpenAI and Google by their prefixes.
    (re.compile(rb"(?<![A-Za-z0-9_-])eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*"), MASK),
    (re.compile(rb"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"), MASK),
    (re.compile(rb"\b(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|hf_|sk-)[A-Za-z0-9_-]{16,}"), MASK),
    (re.compile(rb"\bAIza[A-Za-z0-9_-]{35}"), MASK),
    # Options and parameters that carry one: --password=..., ?sig=..., AccountKey=...
    (re.compile(rb"(?i)((?:password|passwd|secret|token|apikey|api_key|accountkey|sig)=)[^\s&;,'\"]+"), rb"\1" + MASK),
)


class Masks:
    """What is masked: the lists above, and what a site adds.

    ``lines`` are those of the site's file: a pattern of names, ``!`` and a pattern of names that stay after all, or
    ``~`` and a regular expression for values. Raises UsageError.
    """

    def __init__(self, lines: Sequence[str] = ()) -> None:
        hidden, shown, values = [*NAMES], [], [*VALUES]
        for number, line in enumerate(map(str.strip, lines), 1):
            if line.startswith("~"):
                try:
                    values.append((re.compile(line[1:].encode()), MASK))
                except re.error as error:
                    raise UsageError(f"line {number}: '{line[1:]}' is no regular expression: {error}") from error
            elif line.startswith("!"):
                shown.append(line[1:])
            elif line and not line.startswith("#"):
                hidden.append(line)
        self._hidden, self._shown, self._values = _any_of(hidden), _any_of(shown), values

    def mask(self, name: bytes, value: bytes) -> bytes:
        """Return the value, or what is to be seen of it. An empty value hides nothing and stays."""
        text = name.decode("utf-8", "replace").upper()
        if value and self._hidden.fullmatch(text) and not self._shown.fullmatch(text):
            return MASK
        for pattern, replacement in self._values:
            value = pattern.sub(replacement, value)
        return value


def read_masks(path: Path | None) -> Masks:
    """Return the masks with those of the site's file. Raises UsageError."""
    if path is None:
        return Masks()
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"{path} cannot be read: {error}") from error
    try:
        return Masks(lines)
    except UsageError as error:
        raise UsageError(f"{path}: {error}") from error


def _any_of(patterns: Sequence[str]) -> re.Pattern[str]:
    return re.compile("|".join(translate(pattern.upper()) for pattern in patterns) or r"(?!)")
