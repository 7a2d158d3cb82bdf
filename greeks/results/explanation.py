"""Why each number would be estimated as it would be."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True, repr=False)
class Explanation(Mapping[str, str]):
    """Greek -> why its estimator, and what its controls and the sampler buy.

    Attributes
    ----------
    estimators, reasons, refused : mapping of str to str
        By Greek: the estimator's name and why it is taken, or why there is none.
    scheme, sampler : str
    source : str
        The program that would be run.
    controls : mapping of str to tuple of str
        What is taken off the samples of each Greek, where anything is.
    by_controls, by_sampler : mapping of str to float
        By Greek, the variance without over that with, as pilots saw it: without the controls, for independent paths;
        of independent paths, as many, over those of the sampler, controls taken off both.
    """

    estimators: Mapping[str, str]
    reasons: Mapping[str, str]
    refused: Mapping[str, str]
    scheme: str
    source: str
    sampler: str = ""
    controls: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    by_controls: Mapping[str, float] = field(default_factory=dict)
    by_sampler: Mapping[str, float] = field(default_factory=dict)

    def __getitem__(self, greek: str) -> str:
        return self.reasons[greek] if greek in self.reasons else self.refused[greek]

    def __iter__(self) -> Iterator[str]:
        return iter({**self.reasons, **self.refused})

    def __len__(self) -> int:
        return len(self.reasons) + len(self.refused)

    def __repr__(self) -> str:
        lines = [f"scheme: {self.scheme}", *([f"sampler: {self.sampler}"] if self.sampler else [])]
        lines += [f"{g}: {self.estimators[g]}; {why}" for g, why in self.reasons.items()]
        lines += [f"{g}: refused; {why}" for g, why in self.refused.items()]
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """A row a Greek: estimator ("refused" where there is none), reason, controls, and gains."""
        import pandas as pd

        columns = ["estimator", "reason", "controls", "by_controls", "by_sampler"]
        rows = [
            (
                self.estimators.get(g, "refused"),
                self[g],
                ", ".join(self.controls.get(g, ())),
                self.by_controls.get(g, math.nan),
                self.by_sampler.get(g, math.nan),
            )
            for g in self
        ]
        return pd.DataFrame(rows, index=pd.Index(list(self), name="greek", dtype="str"), columns=columns)
