# -*- coding: utf-8 -*-
# Copyright: slurm.observability contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a record of several lines may begin: the words of the Azure Monitor Agent, and the same as regular expressions.

The words are those of the interface 2023-03-11 (``recordStartTimestampFormat``). Other forwarders, such as fluent-bit,
take an expression.
"""

from __future__ import annotations

_MONTH = "(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)"

RECORD_STARTS = {
    "ISO 8601": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}",
    "YYYY-MM-DD HH:MM:SS": r"^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}",
    "M/D/YYYY HH:MM:SS AM/PM": r"^\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{2}:\d{2} [AP]M",
    "Mon DD, YYYY HH:MM:SS": rf"^{_MONTH} \d{{1,2}}, \d{{4}} \d{{2}}:\d{{2}}:\d{{2}}",
    "yyMMdd HH:mm:ss": r"^\d{6} \d{2}:\d{2}:\d{2}",
    "ddMMyy HH:mm:ss": r"^\d{6} \d{2}:\d{2}:\d{2}",
    "MMM d hh:mm:ss": rf"^{_MONTH} {{1,2}}\d{{1,2}} \d{{2}}:\d{{2}}:\d{{2}}",
    "dd/MMM/yyyy:HH:mm:ss zzz": rf"^\d{{2}}/{_MONTH}/\d{{4}}:\d{{2}}:\d{{2}}:\d{{2}} [+-]\d{{2}}:?\d{{2}}",
    "yyyy-MM-ddTHH:mm:ssK": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(?:Z|[+-]\d{2}:\d{2})",
}
