"""The plot shows the curve that it is given."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from nearcopy.parameters import Parameters
from service.cli.plot import BLANK, DOTS, HEIGHT, WIDTH, plot

MARK = 0.5


def dots_of(lines: list[str]) -> set[tuple[int, int]]:
    """The dots that are set, as column and row from the top left."""
    found = set()
    for row, line in enumerate(lines[:HEIGHT]):
        for column, letter in enumerate(line[6:]):
            for y, bits in enumerate(DOTS):
                for x, bit in enumerate(bits):
                    if (ord(letter) - BLANK) & bit:
                        found.add((2 * column + x, 4 * row + y))
    return found


@pytest.mark.parametrize(
    "curve", [lambda s: s, lambda s: s**5, Parameters().detection, lambda s: float(s > 0.9)]
)
def test_every_column_has_its_point_and_a_steep_curve_stays_in_one_piece(
    curve: Callable[[float], float],
) -> None:
    lines = plot(curve, MARK)
    assert {len(line) for line in lines[:HEIGHT]} == {6 + WIDTH}
    found = dots_of(lines)
    last = None
    for x in range(2 * WIDTH):
        y = round((1 - curve(x / (2 * WIDTH - 1))) * (4 * HEIGHT - 1))
        assert (x, y) in found
        if last is not None:
            assert {(x, between) for between in range(y, last)} <= found
        last = y


def test_the_mark_stands_at_the_threshold() -> None:
    flat = dots_of(plot(lambda _: 0.0, MARK))
    column = round(MARK * (2 * WIDTH - 1))
    assert {(column, y) for y in range(0, 4 * HEIGHT, 2)} <= flat
    assert {x for x, y in flat if y < 4 * HEIGHT - 1} == {column}
