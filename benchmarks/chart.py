"""The picture of a run: for each work one bar per client, as many times F as it costs, on a logarithmic scale.

Plain SVG. No background, and colours that can be read on white as on black.
"""

import math
from collections.abc import Mapping, Sequence
from html import escape
from itertools import groupby

from benchmarks.measure import Result
from benchmarks.rows import FLOOR

_TEXT = "#6e7781"
_COLOURS = {"chatsdk": "#2da44e", "openai": "#bf8700", "litellm": "#cf5c74"}
_WIDTH, _LEFT, _RIGHT, _LINE, _BAR, _GAP = 760, 130, 60, 13, 9, 8
_MARKS = (0.5, 1, 2, 5, 10, 20, 50, 100, 200, 500)


def svg(results: Sequence[Result], titles: Mapping[str, str]) -> str:
    """A bar for every row that has a ratio; F is the line at 1."""
    compared = [result for result in results if result.ratios and result.client != FLOOR]
    longest = max((result.ratio for result in compared), default=1.0)
    end = next((mark for mark in _MARKS[2:] if mark >= longest), longest)
    parts: list[str] = []
    y = 30
    for work, rows in groupby(compared, key=lambda result: result.work):
        parts.append(_text(0, y + _BAR, titles.get(work, work), weight="bold"))
        y += _LINE + 3
        for row in rows:
            parts += _bar(row, y, end)
            y += _LINE
        y += _GAP
    lines = [part for mark in _MARKS if mark <= end for part in _mark(mark, y, end)]
    size = f'width="{_WIDTH}" height="{y + 4}" viewBox="0 0 {_WIDTH} {y + 4}"'
    font = 'font-family="system-ui, sans-serif" font-size="10.5"'
    title = "<title>Cost beside a hand-written loop (F = 1, logarithmic; less is better)</title>"
    return "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>', title, *lines, *parts, "</svg>\n"])


def _bar(row: Result, y: int, end: float) -> list[str]:
    width = max(1.0, _x(row.ratio, end) - _LEFT)
    colour = _COLOURS.get(row.client.split()[0], _TEXT)
    return [
        _text(_LEFT - 6, y + _BAR - 2, row.client, anchor="end"),
        f'<rect class="bar" x="{_LEFT}" y="{y}" width="{width:.1f}" height="{_BAR}" rx="2" fill="{colour}"/>',
        _text(_LEFT + width + 5, y + _BAR - 2, f"{row.ratio:.{2 if row.ratio < 9.95 else 0}f}"),
    ]


def _mark(mark: float, bottom: int, end: float) -> list[str]:
    x = _x(mark, end)
    dashes = "" if mark == 1 else ' stroke-dasharray="1 4"'
    line = f'<line x1="{x:.1f}" y1="18" x2="{x:.1f}" y2="{bottom}" stroke="{_TEXT}" stroke-width="1"{dashes}/>'
    return [line, _text(x, 12, "F" if mark == 1 else f"{mark:g} x", anchor="middle")]


def _x(ratio: float, end: float) -> float:
    least = _MARKS[0]
    share = math.log(max(ratio, least) / least) / math.log(end / least)
    return _LEFT + share * (_WIDTH - _LEFT - _RIGHT)


def _text(x: float, y: float, text: str, *, anchor: str = "start", weight: str = "normal") -> str:
    placed = f'x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}"'
    return f'<text {placed} font-weight="{weight}" fill="{_TEXT}">{escape(text)}</text>'
