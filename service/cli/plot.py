"""A curve in the terminal: each character is a grid of 2 x 4 dots (Unicode's braille patterns)."""

from __future__ import annotations

from collections.abc import Callable

WIDTH, HEIGHT = 60, 10
"""Characters of the plot, without its axes."""

# The bit of each dot of a character, from the top left; see the Unicode chart U+2800
DOTS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
BLANK = 0x2800


def plot(curve: Callable[[float], float], mark: float) -> list[str]:
    """The lines of a plot of ``curve`` from 0 to 1 on both axes, with a vertical line at ``mark``."""
    grid = [[0] * WIDTH for _ in range(HEIGHT)]
    columns, rows = 2 * WIDTH, 4 * HEIGHT
    heights = [round((1 - curve(x / (columns - 1))) * (rows - 1)) for x in range(columns)]
    for x, y in enumerate(heights):
        # Down to the neighbour's height, so that a steep curve stays in one piece
        for dot in range(y, max(y + 1, heights[max(x - 1, 0)])):
            _set(grid, x, dot)
    for dot in range(0, rows, 2):
        _set(grid, round(mark * (columns - 1)), dot)
    labels = {0: "100%", HEIGHT // 2: " 50%", HEIGHT - 1: "  0%"}
    lines = [
        f"{labels.get(number, ''):>4} │{''.join(chr(BLANK + bits) for bits in row)}"
        for number, row in enumerate(grid)
    ]
    return [*lines, f"     └{'─' * WIDTH}", f"      0{'resemblance':^{WIDTH - 2}}1"]


def _set(grid: list[list[int]], x: int, y: int) -> None:
    grid[y // 4][x // 2] |= DOTS[y % 4][x % 2]
