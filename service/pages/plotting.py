"""The detection curve as a picture: coordinates for an SVG, which has no styles of its own."""

from __future__ import annotations

from dataclasses import dataclass

from nearcopy.parameters import Parameters

WIDTH, HEIGHT = 480, 240
"""Of the field between the axes, in units of the picture."""

STEPS = 96


@dataclass(frozen=True, slots=True)
class Plot:
    """``path``: the curve; ``at``: where the threshold is; ``rows``: resemblance and probability."""

    path: str
    at: tuple[float, float]
    rows: list[tuple[str, str]]
    width: int = WIDTH
    height: int = HEIGHT


def plotted(parameters: Parameters) -> Plot:
    """The probability with which a unit is found, by its resemblance."""
    shares = [step / STEPS for step in range(STEPS + 1)]
    points = [_point(share, parameters.detection(share)) for share in shares]
    path = "M" + "L".join(f"{x:g} {y:g}" for x, y in points)
    threshold = parameters.threshold
    rows = [(f"{step / 10:.1f}", _percent(parameters.detection(step / 10))) for step in range(1, 11)]
    return Plot(path, _point(threshold, parameters.detection(threshold)), rows)


def _point(share: float, probability: float) -> tuple[float, float]:
    return round(share * WIDTH, 1), round((1 - probability) * HEIGHT, 1)


def _percent(share: float) -> str:
    return f"{share:.2%}" if 0.001 < share < 0.9995 else f"{share:.4%}" if 0 < share < 1 else f"{share:.0%}"
