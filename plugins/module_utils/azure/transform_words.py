# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a transformation of a data collection rule may say.

From Microsoft's page "Supported KQL features in Azure Monitor transformations" of 2026-01-20: its lists, and the
functions ``iff`` and ``replace``, which are in its examples alone; ``lookup_string_am`` reads the enrichment data of a
rule, in the examples of the interface 2023-03-11. What is in neither is refused by Azure.
"""

from __future__ import annotations

LONGEST = 15_360
"""Characters that a transformation may have (page "Azure Monitor service limits")."""

PARSED_COLUMNS = 10
"""Columns that one ``parse`` may give."""

OPERATORS = frozenset("extend project print where parse project-away project-rename datatable".split())

WORD_OPERATORS = frozenset(
    """
    and or contains !contains contains_cs !contains_cs has !has has_cs !has_cs startswith !startswith startswith_cs
    !startswith_cs endswith !endswith endswith_cs !endswith_cs matches regex in !in
    """.split()
)

FUNCTIONS = frozenset(
    """
    parse_cef_dictionary geo_location columnifexists lookup_string_am
    binary_and binary_or binary_not binary_shift_left binary_shift_right binary_xor
    tobool todatetime todouble toreal toguid toint tolong tostring totimespan
    ago datetime_add datetime_diff datetime_part dayofmonth dayofweek dayofyear endofday endofmonth endofweek endofyear
    getmonth getyear hourofday make_datetime make_timespan now startofday startofmonth startofweek startofyear
    weekofyear
    array_concat array_length pack_array pack parse_json parse_xml zip
    abs bin floor ceiling exp exp10 exp2 isfinite isinf isnan log log10 log2 pow round sign
    case iif iff max_of min_of
    base64_encodestring base64_decodestring countof extract extract_all indexof isempty isnotempty replace split strcat
    strcat_delim strlen substring tolower toupper hash_sha256
    gettype isnotnull isnull
    """.split()
)

INSTEAD = {
    "between": "a >= x and a <= y",
    "base64_decode_tostring": "base64_decodestring()",
    "base64_encode_tostring": "base64_encodestring()",
    "coalesce": "iif(isnotnull(a), a, b)",
    "column_ifexists": "columnifexists()",
    "dynamic": "parse_json()",
    "format_datetime": "strcat() of datetime_part()",
    "has_any": "has, joined by or",
    "in~": "in, on tolower()",
    "not": "the form with '!', or '== false'",
    "replace_string": "replace()",
    "summarize": "a query on the table",
}
"""What serves in the place of a word that is often tried."""
