"""Which estimator each Greek gets, and why, without simulating."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greeks.engine.contract import Contract
from greeks.engine.plan import Plan, Wanted, grid_of, plan_for
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.schemes.base import Scheme

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Explanation(Mapping[str, str]):
    """Greek -> why its estimator; `estimators` names it, `refused` says what cannot be had."""

    estimators: Mapping[str, str]
    reasons: Mapping[str, str]
    refused: Mapping[str, str]
    scheme: str
    source: str

    def __getitem__(self, greek: str) -> str:
        return self.reasons[greek] if greek in self.reasons else self.refused[greek]

    def __iter__(self) -> Iterator[str]:
        return iter({**self.reasons, **self.refused})

    def __len__(self) -> int:
        return len(self.reasons) + len(self.refused)

    def __repr__(self) -> str:
        lines = [f"scheme: {self.scheme}"]
        lines += [f"{g}: {self.estimators[g]}; {why}" for g, why in self.reasons.items()]
        lines += [f"{g}: refused; {why}" for g, why in self.refused.items()]
        return "\n".join(lines)

    def to_frame(self) -> pd.DataFrame:
        """A row a Greek: estimator ("refused" where there is none) and reason."""
        import pandas as pd

        rows = [{"greek": g, "estimator": self.estimators.get(g, "refused"), "reason": self[g]} for g in self]
        return pd.DataFrame(rows, columns=["greek", "estimator", "reason"]).set_index("greek")


def explanation(model: Model, payoff: Payoff, greeks: tuple[str, ...], scheme: Scheme | None, wanted: Wanted) -> Explanation:
    """The choices for a request."""
    contract = Contract.of(model, payoff)
    scheme = scheme or model.scheme()
    plan: Plan = plan_for(contract, scheme, grid_of(contract, scheme), greeks, wanted, lenient=True)
    asked = [s for s in plan.samples if s.greek != "price"]
    return Explanation(
        {s.greek: s.estimator for s in asked},
        {s.greek: s.reason for s in asked},
        plan.refusals,
        repr(scheme),
        plan.source,
    )
