"""Played in a process of its own: every payoff of a model, each with every estimator that it is offered, as PTX.

    python -m tests.parity.offered MODEL

prints a line a payoff, as JSON. One program holds as many estimators as there are Greeks to give to them.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from itertools import groupby

from greeks.engine.run import Task
from greeks.engine.sampling.settings import Settings
from greeks.estimators.base import Estimator
from greeks.estimators.mean import Mean
from tests.coverage.offers import Offer, offers


def assigned(offered: list[Offer]) -> Iterator[dict[str, Estimator]]:
    """Greek -> estimator, in as few programs as it takes for every estimator to be in one."""
    waiting = [o for o in offered if o.greeks]
    while waiting:
        chosen: dict[str, Estimator] = {}
        left = []
        for offer in sorted(waiting, key=lambda o: len(o.greeks)):
            free = [g for g in offer.greeks if g not in chosen]
            if free:
                assert isinstance(offer.variant.estimator, Estimator)
                chosen[free[0]] = offer.variant.estimator
            else:
                left.append(offer)
        waiting = left
        yield chosen


def main(model: str) -> None:
    """Compile, and say what came of it."""
    from greeks.kernels.cuda_ptx import path_ptx

    for _, group in groupby(offers(model)[0], key=lambda o: id(o.case)):
        of_case = list(group)
        case = of_case[0].case
        for chosen in assigned(of_case):
            settings = Settings(scheme=case.scheme, estimator={"price": Mean(), **chosen}, controls=())
            task = Task.of(case.model, case.payoff, tuple(chosen), settings)
            text = path_ptx(task.plan.program.cuda)
            used = sorted({type(e).__name__ for e in chosen.values()})
            print(json.dumps({"case": str(case), "estimators": used, "calls": text.count("{ // callseq")}), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
