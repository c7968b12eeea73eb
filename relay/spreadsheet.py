"""Values as cells of a CSV file that a spreadsheet opens without running any of them. Pure."""

from __future__ import annotations

import re
from typing import Any

from relay import foreign

# A program that splits the file by semicolons or tabs, whatever it is quoted by, begins a cell behind each of them.
_FORMULA = re.compile(r"""(?:^|(?<=[;\t\r\n]))(?=[\t\r]|["\s]*[=+\-@])""")


def cell(value: Any) -> Any:
    """Return a value from outside as a cell: text that would be a formula has an apostrophe before it.

    >>> cell("=SUM(1)"), cell("Lee; @home"), cell(None), cell(True), cell(-1)
    ("'=SUM(1)", "Lee;' @home", '', 'yes', -1)
    """
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return _FORMULA.sub("'", foreign.shown(value)) if isinstance(value, str) else value
