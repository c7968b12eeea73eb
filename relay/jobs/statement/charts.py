"""Charts of a statement as inline SVG: bars by day, two shares of a whole, bars by name. No script, no network.

Figures are written beside what is drawn, so that a chart says the same on grey paper and to a screen reader. Pure.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from markupsafe import Markup

WIDTH = 640
_DAYS_HEIGHT, _AXIS, _TOP = 170, 22, 20
_ROW = 26

_SVG = Markup(
    '<svg class="chart {}" viewBox="0 0 {} {}" role="img" aria-label="{}" preserveAspectRatio="xMinYMin meet">{}</svg>'
)
_RECT = Markup('<rect class="{}" x="{:.1f}" y="{:.1f}" width="{:.1f}" height="{:.1f}"><title>{}</title></rect>')
_TEXT = Markup('<text class="{}" x="{:.1f}" y="{:.1f}">{}</text>')
_LINE = Markup('<line class="axis" x1="0" y1="{0}" x2="{1}" y2="{0}"/>')


def by_day(title: str, days: Sequence[tuple[str, int, str]], as_text: Callable[[int], str] | None = None) -> Markup:
    """Return bars for (day of the month, value, value as text), one a day; the highest is labelled.

    With `as_text` the height that is half of the highest is drawn and named too.
    """
    highest = max((value for _, value, _ in days), default=0)
    base = _DAYS_HEIGHT - _AXIS
    step = WIDTH / max(1, len(days))
    parts = [_LINE.format(base, WIDTH)]
    if as_text and highest > 0:
        parts.append(_LINE.format((base + _TOP) / 2, WIDTH))
        parts.append(_TEXT.format("tick", 2, (base + _TOP) / 2 - 4, as_text(highest // 2)))
    labelled = False
    for index, (day, value, text) in enumerate(days):
        left = index * step
        if value > 0:
            height = max(1.5, (base - _TOP) * value / highest)
            parts.append(_RECT.format("bar", left + step * 0.15, base - height, step * 0.7, height, f"{day}: {text}"))
            if value == highest and not labelled:
                labelled = True
                parts.append(_TEXT.format("value middle", _within(left + step / 2, text), base - height - 5, text))
        if index == 0 or (index + 1) % 5 == 0:
            parts.append(_TEXT.format("tick middle", left + step / 2, _DAYS_HEIGHT - 6, day))
    if highest <= 0:
        parts.append(_TEXT.format("value middle", WIDTH / 2, base / 2, "Nothing printed"))
    return _svg("days", _DAYS_HEIGHT, title, parts)


def shares(title: str, parts_of_whole: Sequence[tuple[str, int, str]]) -> Markup:
    """Return one bar cut into the shares of (name, value, style), each named with its percentage below."""
    whole = sum(value for _, value, _ in parts_of_whole)
    parts: list[Markup] = []
    left = 0.0
    for number, (name, value, style) in enumerate(parts_of_whole):
        percent = f"{round(100 * value / whole)} %" if whole else "none"
        width = WIDTH * value / whole if whole else 0
        if width:
            parts.append(_RECT.format(f"share {style}", left, 0, width, 30, f"{name}: {value} ({percent})"))
        left += width
        place = number * WIDTH / len(parts_of_whole)
        parts.append(_RECT.format(f"share {style}", place, 40, 11, 11, name))
        parts.append(_TEXT.format("label", place + 17, 50, f"{name}: {value} pages, {percent}"))
    return _svg("shares", 58, title, parts)


def by_name(title: str, rows: Sequence[tuple[str, int, str]]) -> Markup:
    """Return one bar a row for (name, value, value as text), each with its name above and its figure beside it."""
    highest = max((value for _, value, _ in rows), default=0)
    room = WIDTH * 0.62
    parts: list[Markup] = []
    for index, (name, value, text) in enumerate(rows):
        top = index * (_ROW + 12)
        width = max(1.5, room * value / highest) if value > 0 else 0.0
        parts.append(_TEXT.format("label", 0, top + 12, _short(name)))
        if width:
            parts.append(_RECT.format("bar", 0, top + 17, width, 13, f"{name}: {text}"))
        parts.append(_TEXT.format("value", width + 6, top + 28, text))
    return _svg("names", max(1, len(rows)) * (_ROW + 12), title, parts)


def _svg(kind: str, height: float, title: str, parts: Sequence[Markup]) -> Markup:
    return _SVG.format(kind, WIDTH, height, title, Markup("").join(parts))


def _within(middle: float, text: str) -> float:
    """Return where a text's middle must stand to be wholly within the chart."""
    half = 4 * len(text)
    return min(max(middle, half), WIDTH - half)


def _short(name: str) -> str:
    return name if len(name) <= 60 else name[:59] + "…"
