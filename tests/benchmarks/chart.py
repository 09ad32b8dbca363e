"""The results as a picture: an SVG of the ratios, on a logarithmic scale, for light and dark pages."""

import math
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

from tests.benchmarks.results import Result
from tests.benchmarks.table import format_ratio, format_seconds

__all__ = ["Scale", "draw"]

_WIDTH = 800
_LEFT, _RIGHT = 190, 578
_TOP = 84
_LINE = 22
_GAP = 12
_BAR = 10
_FOOT = 110  # characters

_STYLE = """
text { font: 13px system-ui, "Segoe UI", Helvetica, Arial, sans-serif; fill: #1f2328; }
.page { fill: #ffffff; } .quiet { fill: #59636e; font-size: 12px; }
.title { font-weight: 600; stroke: #ffffff; stroke-width: 4; paint-order: stroke; }
.grid { stroke: #dde2e7; } .one { stroke: #59636e; } .quartiles { stroke: #1f2328; }
.less { fill: #35a583; } .more { fill: #e08a4f; } .target { stroke: #1f2328; stroke-width: 2; }
.end { text-anchor: end; } .middle { text-anchor: middle; }
@media (prefers-color-scheme: dark) {
  text { fill: #e8eaed; } .page { fill: #131416; } .quiet { fill: #a0a7ae; } .title { stroke: #131416; }
  .grid { stroke: #34383d; } .one { stroke: #a0a7ae; } .quartiles, .target { stroke: #e8eaed; }
  .less { fill: #1d8163; } .more { fill: #b0622c; }
}
"""
"""No variables: not every renderer of SVG knows them. The page is drawn, for a site's own switch is not seen here."""


@dataclass(frozen=True)
class Scale:
    """A logarithmic axis from one power of ten to another, with 1 on it."""

    lowest: int
    highest: int

    @classmethod
    def around(cls, ratios: Sequence[float]) -> "Scale":
        """Return the narrowest axis that holds all ratios."""
        values = [*ratios, 1.0]
        return cls(min(math.floor(math.log10(min(values))), -1), max(math.ceil(math.log10(max(values))), 1))

    def x(self, ratio: float) -> float:
        """Return where a ratio is, in pixels from the left of the picture."""
        share = (math.log10(ratio) - self.lowest) / (self.highest - self.lowest)
        return round(_LEFT + share * (_RIGHT - _LEFT), 1)

    def ticks(self) -> list[float]:
        """Return the powers of ten."""
        return [10.0**exponent for exponent in range(self.lowest, self.highest + 1)]


def draw(results: Sequence[Result], environment: Mapping[str, str]) -> str:
    """
    Return an SVG with a bar for each peer of each row.

    A bar begins at 1, where both take the same time, and ends at the median of the ratios; the line on it goes from
    quartile to quartile, and the stroke across it is the target.

    Args:
        results: What was measured.
        environment: Where, by name.
    """
    ratios = [result.ratio(peer) for result in results for peer in result.peers]
    scale = Scale.around([value for ratio in ratios for value in (ratio.low, ratio.high)])
    bottom = _TOP + sum(_height(result) for result in results)
    foot = textwrap.wrap(", ".join(f"{name} {value}" for name, value in environment.items()), _FOOT)
    height = bottom + (1 + len(foot)) * _LINE
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}" role="img">',
            "<title>The time of fastapi_testing, divided by that of its peers</title>",
            f"<style>{_STYLE}</style>",
            f'<rect class="page" width="{_WIDTH}" height="{height}" rx="6"/>',
            *_head(),
            *_axis(scale, bottom),
            *_rows(results, scale),
            *(_text(16, bottom + (1 + index) * _LINE, line, "quiet") for index, line in enumerate(foot)),
            "</svg>\n",
        ]
    )


def _head() -> Iterator[str]:
    yield _text(16, 30, "The time of fastapi_testing, divided by that of each peer", "title")
    yield _text(
        16, 50, "to the left of 1: less time; logarithmic; thin line: quartiles; stroke across: target", "quiet"
    )


def _axis(scale: Scale, bottom: int) -> Iterator[str]:
    for tick in scale.ticks():
        name = "one" if tick == 1 else "grid"
        yield _line(scale.x(tick), _TOP - 6, scale.x(tick), bottom, name)
        yield _text(scale.x(tick), _TOP - 12, f"{tick:g}x", "quiet middle")


def _rows(results: Sequence[Result], scale: Scale) -> Iterator[str]:
    y = _TOP
    for result in results:
        yield _text(16, y + 20, result.row.title, "title")
        yield from _absolute_target(result, y + 20)
        for index, peer in enumerate(result.peers, 1):
            yield from _bar(result, peer, scale, y + 6 + index * _LINE)
        y += _height(result)


def _height(result: Result) -> int:
    return (1 + len(result.peers)) * _LINE + _GAP


def _absolute_target(result: Result, y: int) -> Iterator[str]:
    target = result.row.target(None)
    if target is not None:
        seconds = format_seconds(result.seconds(result.subject).median)
        limit = format_seconds(target.at_most)
        yield _text(_WIDTH - 16, y, f"{seconds}, target {limit}: {result.verdict(target)}", "quiet end")


def _bar(result: Result, peer: str, scale: Scale, y: int) -> Iterator[str]:
    """Draw one line of a row: the peer's name, the bar, and what it says in figures."""
    ratio = result.ratio(peer)
    start, end = sorted((scale.x(1), scale.x(ratio.median)))
    side = "less" if ratio.median <= 1 else "more"
    middle = y + _LINE // 2
    yield _text(_LEFT - 10, middle + 4, peer, "end")
    yield f'<rect class="{side}" x="{start:g}" y="{middle - _BAR // 2}" width="{end - start:g}" height="{_BAR}"/>'
    yield _line(scale.x(ratio.low), middle, scale.x(ratio.high), middle, "quartiles")
    figures = format_ratio(ratio.median)
    target = result.row.target(peer)
    if target is not None:
        x = scale.x(target.at_most)
        yield _line(x, middle - _BAR, x, middle + _BAR, "target")
        figures += f", target {format_ratio(target.at_most)}: {result.verdict(target)}"
    yield _text(_RIGHT + 18, middle + 4, figures)


def _text(x: float, y: float, text: str, names: str = "text") -> str:
    return f'<text class="{names}" x="{x:g}" y="{y:g}">{escape(text)}</text>'


def _line(x1: float, y1: float, x2: float, y2: float, name: str) -> str:
    return f'<line class="{name}" x1="{x1:g}" y1="{y1:g}" x2="{x2:g}" y2="{y2:g}"/>'
