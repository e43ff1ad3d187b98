"""Transformations of rules: what Azure lets one do, and the columns that one leaves.

The lists are those of Microsoft's page on the KQL of transformations; they are here a second time so that the
collection's own check of a transformation is not judged by itself. This is no parser of KQL: it splits at pipes,
looks at the first word of each step and at each function that is called, and follows the names of columns.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

LONGEST = 15_360
MOST_PARSED_COLUMNS = 10

OPERATORS = frozenset({"extend", "project", "print", "where", "parse", "project-away", "project-rename", "datatable"})
_FUNCTION_NAMES = """
abs ago array_concat array_length base64_decodestring base64_encodestring bin binary_and binary_not binary_or
binary_shift_left binary_shift_right binary_xor case ceiling columnifexists countof datetime_add datetime_diff
datetime_part dayofmonth dayofweek dayofyear endofday endofmonth endofweek endofyear exp exp10 exp2 extract
extract_all floor geo_location getmonth gettype getyear hash_sha256 hourofday iff iif indexof isempty isfinite
isinf isnan isnotempty isnotnull isnull log log10 log2 make_datetime make_timespan max_of min_of now pack
pack_array parse_cef_dictionary parse_json parse_xml pow replace round sign split startofday startofmonth
startofweek startofyear strcat strcat_delim strlen substring tobool todatetime todouble toguid toint tolong
tolower toreal tostring totimespan toupper weekofyear zip
"""
# Literals such as datetime(2026-01-01), and words of the language before a parenthesis, look like calls.
_NO_CALLS = {"and", "datetime", "guid", "in", "int", "long", "or", "real", "time"}
FUNCTIONS = frozenset(_FUNCTION_NAMES.split())

_TEXT = re.compile(r"""@"[^"]*"|@'[^']*'|"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'""")
_CALL = re.compile(r"([A-Za-z_]\w*)\s*\(")
_STEP = re.compile(r"\s*([a-z-]+)\b(.*)", re.DOTALL)
_ASSIGNMENT = re.compile(r"\s*([A-Za-z_]\w*)\s*=(?![=~])")
_PARSED = re.compile(r"(?<![\w:.\"'])([A-Za-z_]\w*)(?::\w+)?")


class TransformError(Exception):
    """A transformation that Azure refuses."""


def output_columns(query: str, columns: Iterable[str]) -> set[str]:
    """The columns that a transformation leaves of those that come in. Raises TransformError when it is refused."""
    if len(query) > LONGEST:
        raise TransformError(f"the query has {len(query)} characters, at most {LONGEST} are allowed")
    bare = _TEXT.sub(lambda match: '""', re.sub(r"//[^\n]*", "", _hide_slashes(query)))
    if bare.count("(") != bare.count(")"):
        raise TransformError("SyntaxError:0x00000001 : the parentheses do not match")
    for function in _CALL.findall(bare):
        if function not in FUNCTIONS | _NO_CALLS:
            raise TransformError(f"function '{function}' is not supported")
    # Definitions come first, each ended by a semicolon; the query is what follows the last.
    first, *steps = _split(bare.rpartition(";")[2], "|")
    if first.strip() != "source" and not first.strip().startswith(("print", "datatable")):
        raise TransformError(f"the query begins with '{first.strip()[:40]}', not with 'source'")
    left = set(columns)
    for step in steps:
        match = _STEP.match(step)
        operator = match.group(1) if match else step.strip()[:40]
        if match is None or operator not in OPERATORS:
            raise TransformError(f"SyntaxError:0x00000001 : operator '{operator}' is not supported")
        left = _after(operator, match.group(2), left)
    return left


def _after(operator: str, rest: str, columns: set[str]) -> set[str]:
    match operator:
        case "extend":
            return columns | set(_named(rest))
        case "project":
            return set(_named(rest))
        case "project-away":
            return columns - set(_named(rest))
        case "project-rename":
            pairs = [part.partition("=") for part in _split(rest, ",")]
            return (columns - {old.strip() for _new, _sign, old in pairs}) | {new.strip() for new, _sign, _old in pairs}
        case "parse":
            parsed = set(_PARSED.findall(re.split(r"\bwith\b", rest, maxsplit=1)[-1]))
            if len(parsed) > MOST_PARSED_COLUMNS:
                raise TransformError(f"parse makes {len(parsed)} columns, at most {MOST_PARSED_COLUMNS} are allowed")
            return columns | parsed
    return columns


def _named(rest: str) -> Iterator[str]:
    """The names in a list of columns: of ``a = f(b), c``, a and c."""
    for part in _split(rest, ","):
        match = _ASSIGNMENT.match(part)
        yield match.group(1) if match else part.strip()


def _split(text: str, sign: str) -> list[str]:
    """The parts between signs that are in no parentheses."""
    parts, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == sign and depth == 0:
            parts.append("")
        else:
            parts[-1] += character
    return parts


def _hide_slashes(query: str) -> str:
    """The query with the slashes of its texts hidden, so that a text such as "//host" is no comment."""
    return _TEXT.sub(lambda match: match.group().replace("/", " "), query)
