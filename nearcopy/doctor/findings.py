"""What the doctor says."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Literal

Kind = Literal[
    "keys", "ids", "texts", "counters", "postings", "exact", "holders", "unheld", "marks", "files"
]


@dataclass(frozen=True, slots=True)
class Finding:
    """Something is off. ``where``: partition and generation, or a path; ``what``: one sentence."""

    kind: Kind
    where: str
    what: str
    repaired: bool = False


@dataclass(slots=True)
class Diagnosis:
    """All findings; ``notes``: what is right, but worth knowing; how much of each thing was ``checked``."""

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    checked: Counter[str] = field(default_factory=Counter)

    @property
    def healthy(self) -> bool:
        """Whether nothing is off, or all that was is mended."""
        return all(finding.repaired for finding in self.findings)


def counted(*parts: tuple[int, str, str]) -> str:
    """A sentence of counts: each a number, what follows one, what follows many; those of 0 are left out."""
    return ", ".join(f"{count:,} {one if count == 1 else many}" for count, one, many in parts if count)
