"""Charts as inline SVG, drawn on the server: bars by day, shares of a whole, bars by name. No script, no network.

Figures are written beside what is drawn, so that a chart says the same on grey paper and to a screen reader. What draws
is pure; only `figure`, which is for the console, speaks the page's language.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from relay.language import gettext

WIDTH = 640
_HEIGHT, _SIDE, _TOP, _BOTTOM = 180, 8, 28, 26  # of bars by day: the highest bar's figure stands above, days below
_ROW = 38  # of bars by name

_SVG = Markup('<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}">{}</svg>')
_RECT = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}" rx="2"><title>{}</title></rect>')
_TEXT = Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>')
_LINE = Markup('<line class="base" x1="{}" y1="{:.1f}" x2="{}" y2="{:.1f}"/>')
_TABLE_ROW = Markup('<tr><th scope="row">{}</th><td class="number">{}</td></tr>')
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


def by_day(
    label: str, days: Sequence[Bar], *, nothing: str, kind: str = "days", as_text: Callable[[int], str] | None = None
) -> Markup:
    """Return a bar a day, oldest first, the highest with its figure; `nothing` is written where there is none.

    `label` is for screen readers, `kind` a class for the colour. With `as_text` the height that is half of the highest
    is drawn and named too.
    """
    highest = max((bar.value for bar in days), default=0.0)
    top = next((bar for bar in days if highest > 0 and bar.value == highest), None)
    scale = as_text(int(highest) // 2) if as_text and top else ""
    side = _SIDE + 7 * len(scale)  # the half is named beside the bars, never behind one
    step = (WIDTH - side - _SIDE) / max(len(days), 1)
    base = _HEIGHT - _BOTTOM
    parts = [_line(base)]
    if scale:
        parts += [_line((base + _TOP) / 2), _TEXT.format("scale", 0, (base + _TOP) / 2 - 4, scale)]
    for index, bar in enumerate(days):
        left, middle = side + index * step, side + (index + 0.5) * step
        height = max((base - _TOP) * bar.value / highest, 2) if bar.value > 0 else 0
        if height:
            told = f"{bar.name}: {bar.text}"
            parts.append(_RECT.format("bar", left + step * 0.14, base - height, step * 0.72, height, told))
        if bar is top:
            parts.append(_TEXT.format("peak", _inside(middle, bar.text), base - height - 7, bar.text))
        if bar.label:
            parts.append(_TEXT.format("tick", _inside(middle, bar.label), _HEIGHT - 6, bar.label))
    if not top:
        parts.append(_TEXT.format("peak nothing", WIDTH / 2, _HEIGHT / 2, nothing))
    return _svg(kind, _HEIGHT, label, parts)


def figure(title: str, days: Sequence[Bar], kind: str = "") -> Markup:
    """Return bars by day as a figure of the console, with a table of them that anybody can open."""
    drawn = by_day(_summary(title, days), days, nothing=gettext("Nothing yet"), kind=kind)
    rows = [_TABLE_ROW.format(bar.name, bar.text) for bar in reversed(days) if bar.value]
    table = _TABLE.format(title, Markup("").join(rows), gettext("Figures")) if rows else Markup("")
    return Markup("<figure><figcaption>{}</figcaption>{}{}</figure>").format(title, drawn, table)


def shares(label: str, parts_of_whole: Sequence[tuple[str, int, str]]) -> Markup:
    """Return one bar cut into the shares of (what is written below it, value, style)."""
    whole = sum(value for _, value, _ in parts_of_whole)
    parts: list[Markup] = []
    left = 0.0
    for number, (text, value, style) in enumerate(parts_of_whole):
        width = WIDTH * value / whole if whole else 0
        if width:
            parts.append(_RECT.format(f"share {style}", left, 0, width, 30, text))
        left += width
        place = number * WIDTH / len(parts_of_whole)
        parts.append(_RECT.format(f"share {style}", place, 40, 11, 11, text))
        parts.append(_TEXT.format("label", place + 17, 50, text))
    return _svg("shares", 58, label, parts)


def by_name(label: str, rows: Sequence[tuple[str, int, str]]) -> Markup:
    """Return one bar a row for (name, value, value as text), each with its name above and its figure beside it."""
    highest = max((value for _, value, _ in rows), default=0)
    parts: list[Markup] = []
    for index, (name, value, text) in enumerate(rows):
        top = index * _ROW
        width = max(1.5, WIDTH * 0.62 * value / highest) if value > 0 else 0.0
        parts.append(_TEXT.format("label", 0, top + 12, name if len(name) <= 60 else name[:59] + "…"))
        if width:
            parts.append(_RECT.format("bar", 0, top + 17, width, 13, f"{name}: {text}"))
        parts.append(_TEXT.format("value", width + 6, top + 28, text))
    return _svg("names", max(1, len(rows)) * _ROW, label, parts)


def _svg(kind: str, height: float, label: str, parts: Sequence[Markup]) -> Markup:
    return _SVG.format(kind, WIDTH, height, label, Markup("").join(parts))


def _line(height: float) -> Markup:
    return _LINE.format(_SIDE, height, WIDTH - _SIDE, height)


def _inside(middle: float, text: str) -> float:
    """Return where a text's middle must stand to be wholly within the chart, also in the large letters of a phone."""
    half = 7 * len(text)
    return min(max(middle, half), WIDTH - half)


def _summary(title: str, days: Sequence[Bar]) -> str:
    filled = [bar for bar in days if bar.value]
    if not filled:
        return gettext("%(title)s: nothing yet", title=title)
    highest = max(filled, key=lambda bar: bar.value)
    return gettext(
        "%(title)s: figures on %(filled)s of %(days)s days, the most on %(day)s: %(most)s",
        title=title,
        filled=len(filled),
        days=len(days),
        day=highest.name,
        most=highest.text,
    )
