"""Charts as inline SVG, made on the server: nothing to load, readable without colour, with the figures beside them.

A chart has a title for screen readers and its figures in a table that anybody can open.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from relay.language import gettext

WIDTH, HEIGHT = 640, 180
LEFT, RIGHT, TOP, BOTTOM = 8, 8, 28, 26

_BAR = Markup(
    '<rect class="bar" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2"><title>{}: {}</title></rect>'
)
_TEXT = Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>')
_BASE = Markup('<line class="base" x1="{}" y1="{}" x2="{}" y2="{}"/>')
_SVG = Markup('<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
_ROW = Markup('<tr><th scope="row">{}</th><td class="number">{}</td></tr>')
_TABLE = Markup(
    '<details class="figures"><summary>{2}</summary><div class="scroll" tabindex="0" role="region" '
    'aria-label="{0}: {2}"><table><caption>{0}</caption><tbody>{1}</tbody></table></div></details>'
)


@dataclass(frozen=True, slots=True)
class Bar:
    """One bar: what stands below it ("": nothing), its height, the figure in words, what it is of ("24 Nov 2026")."""

    label: str
    value: float
    text: str
    name: str


def bars(title: str, data: Sequence[Bar], kind: str = "") -> Markup:
    """Return a bar chart of `data`, oldest first, as a figure with its table; `kind` is a class for its colour."""
    highest = max((bar.value for bar in data), default=0.0)
    step = (WIDTH - LEFT - RIGHT) / max(len(data), 1)
    base = HEIGHT - BOTTOM
    parts = [_BASE.format(LEFT, base, WIDTH - RIGHT, base)]
    top = next((bar for bar in data if highest and bar.value == highest), None)
    for index, bar in enumerate(data):
        left, middle = LEFT + index * step, LEFT + (index + 0.5) * step
        height = max((base - TOP) * bar.value / highest, 2) if bar.value > 0 else 0
        if height:
            parts.append(_BAR.format(left + step * 0.14, base - height, step * 0.72, height, bar.name, bar.text))
        if bar is top:
            parts.append(_TEXT.format("peak", _inside(middle, 46), base - height - 7, bar.text))
        if bar.label:
            parts.append(_TEXT.format("tick", _inside(middle, 28), HEIGHT - 6, bar.label))
    if not highest:
        parts.append(_TEXT.format("peak nothing", WIDTH / 2, HEIGHT / 2, gettext("Nothing yet")))
    drawn = _SVG.format(kind, WIDTH, HEIGHT, _summary(title, data), Markup("").join(parts))
    rows = [_ROW.format(bar.name, bar.text) for bar in reversed(data) if bar.value]
    table = _TABLE.format(title, Markup("").join(rows), gettext("Figures")) if rows else Markup("")
    return Markup("<figure><figcaption>{}</figcaption>{}{}</figure>").format(title, drawn, table)


def _inside(middle: float, half: float) -> float:
    return min(max(middle, half), WIDTH - half)


def _summary(title: str, data: Sequence[Bar]) -> str:
    filled = [bar for bar in data if bar.value]
    if not filled:
        return gettext("%(title)s: nothing yet", title=title)
    highest = max(filled, key=lambda bar: bar.value)
    return gettext(
        "%(title)s: figures on %(filled)s of %(days)s days, the most on %(day)s: %(most)s",
        title=title,
        filled=len(filled),
        days=len(data),
        day=highest.name,
        most=highest.text,
    )
