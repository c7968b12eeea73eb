"""The dialog of the print script as a terminal can show it: a frame, its paragraphs and its buttons."""

from __future__ import annotations

import html
import re
import textwrap
from collections.abc import Iterable

WIDTH = 76
TITLE = "Before this prints"
BUTTONS = "[ Print ]   [ Cancel ]"


# What the script asks about the demo's job, for machines without Java; a test holds it to what Rhino says.
PICTURE = (
    "24 pages, €3.00. Your balance is €2.00. €2.00 is paid from your allowance, and €1.00 goes on your company's "
    "invoice.",
    "Print “Offer.pdf”?",
)


def of_html(text: str) -> tuple[str, ...]:
    """Return the paragraphs of a question as the script gives it to PaperCut's client: HTML, <br> between lines."""
    lines = re.split(r"(?:<br\s*/?>|</?p>)+", text)
    plain = (html.unescape(re.sub(r"<[^>]*>", "", line)).strip() for line in lines)
    return tuple(line for line in plain if line)


def drawn(paragraphs: Iterable[str]) -> list[str]:
    """Return the dialog of these paragraphs as lines of plain characters."""
    inner = WIDTH - 4
    body: list[str] = []
    for paragraph in paragraphs:
        body += [*textwrap.wrap(paragraph, inner), ""]
    head = f"+-- {TITLE} " + "-" * (WIDTH - len(TITLE) - 6) + "+"
    return [head, *(f"| {line:<{inner}} |" for line in [*body, BUTTONS.rjust(inner)]), "+" + "-" * (WIDTH - 2) + "+"]
