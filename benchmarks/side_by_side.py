"""Time to a given standard error on delta, contender against contender: `python -m benchmarks.side_by_side`.

A contender would reach the target with paths x (standard error / target)^2 paths, however good its estimator is:
equal errors are compared, not equal paths. The time of so many is that of a call with few paths, which is all that a
number without error needs, and for the others what each of them adds.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, sqrt
from statistics import mean, median

from benchmarks import report
from benchmarks.contender import LIBRARIES, Contender, Result, available, one_core
from benchmarks.interleaved import Turns, ratio, take_turns
from benchmarks.tasks import TASKS, Task

FEW = 1024  # paths of the shortest call, or a quarter of a round's where that is less
TRUSTED = 2e-7  # relative; the trusted values have seven digits or more
HEADS = ("Contender", "Paths/s", "Time to target", "x ours", "Greeks / price", "First call", "Not right")


@dataclass(frozen=True)
class Score:
    """One contender's rounds at one task."""

    contender: Contender
    task: Task
    target: float
    greeks: Turns[Result]
    price: Turns[Result]
    least: Turns[Result]

    @property
    def to_target(self) -> list[float]:
        """Seconds to the target error, round by round; the error is that of all rounds together.

        Time is linear in paths, through a call with few of them and the round itself: what a call costs whatever its
        paths counts once.
        """
        errors = [answer[self.task.focus][1] for answer in self.greeks.answers]
        variance = mean(e * e for e in errors)
        factor = variance / self.target**2 if self.task.focus not in self.contender.silent_zeros else inf
        paths, few = self.contender.paths, fewest(self.contender)
        share = max(paths * factor - few, 0.0) / (paths - few)
        turns = zip(self.greeks.seconds, self.least.seconds, strict=True)
        return [least + max(seconds - least, 0.0) * share for seconds, least in turns]

    def z_score(self, greek: str) -> float:
        """Of the mean over the rounds against the trusted value and its last digit; 0 where both agree."""
        values, errors = zip(*(answer[greek] for answer in self.greeks.answers), strict=True)
        error = sqrt(mean(e * e for e in errors) / len(errors))
        truth = self.task.truth[greek]
        gap = max(abs(mean(values) - truth) - TRUSTED * abs(truth), 0.0)
        return gap / error if error else (0.0 if gap == 0.0 else inf)

    @property
    def faults(self) -> str:
        """What is missing, silently zero, or more than four standard errors off."""
        given = self.greeks.answers[0]
        missing = [g for g in self.task.greeks if g not in given]
        wrong = [g for g in given if g not in self.contender.silent_zeros and abs(self.z_score(g)) > 4]
        parts = (("no", missing), ("silently 0:", self.contender.silent_zeros), ("off:", wrong))
        return "; ".join(f"{word} {', '.join(names)}" for word, names in parts if names)


def fewest(contender: Contender) -> int:
    """Paths of the shortest call."""
    return min(FEW, contender.paths // 4)


def compete(task: Task, contenders: list[Contender], rounds: int) -> list[list[Score]]:
    """One run, scored for each of the task's targets."""

    def bound(simulation: Callable[[int, int], Result], paths: int) -> Callable[[int], Result]:
        return lambda seed: simulation(paths, seed)

    calls = {f"{c}|greeks": bound(c.greeks, c.paths) for c in contenders}
    calls |= {f"{c}|price": bound(c.price, c.paths) for c in contenders}
    calls |= {f"{c}|least": bound(c.greeks, fewest(c)) for c in contenders}
    turns = take_turns(calls, rounds)
    of = {c: [turns[f"{c}|{what}"] for what in ("greeks", "price", "least")] for c in contenders}
    return [[Score(c, task, target, *of[c]) for c in contenders] for target in task.targets]


def seconds(value: float) -> str:
    return "never" if value == inf else f"{value:.3g} s"


def row(score: Score, ours: Score | None) -> list[str]:
    per_second = score.contender.paths / median(score.greeks.seconds)
    against = str(ratio(score.to_target, ours.to_target)) if ours and ours is not score else ""
    return [
        str(score.contender),
        f"{per_second:.3g}",
        seconds(median(score.to_target)),
        "never" if inf in score.to_target else against,
        f"{ratio(score.greeks.seconds, score.price.seconds).median:.2f}",
        seconds(score.greeks.first),
        score.faults,
    ]


def section(task: Task, target: float, scores: list[Score]) -> str:
    ours = next((s for s in scores if s.contender.library == "pathgreeks"), None)
    ranked = sorted(scores, key=lambda s: median(s.to_target))
    title = f"**{task.name}. {task.title}.** Target: standard error {target:g} on {task.focus}."
    return f"{title}\n\n{report.table(HEADS, [row(s, ours) for s in ranked])}"


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument(
        "--tasks", nargs="+", default=[name for name in TASKS if name != "TERMINAL"], choices=list(TASKS)
    )
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--without", nargs="*", default=[], choices=list(LIBRARIES))
    parser.add_argument("--dry", action="store_true", help="print only, leave benchmarks/README.md alone")
    return parser.parse_args()


def main() -> None:
    given = arguments()
    one_core()
    sections = []
    for name in given.tasks:
        contenders = list(available(name, given.without))
        for scores in compete(TASKS[name], contenders, given.rounds):
            sections.append(section(TASKS[name], scores[0].target, scores))
            print(sections[-1], end="\n\n", flush=True)
    if not given.dry:
        report.write("side_by_side", "\n\n".join(sections))


if __name__ == "__main__":
    main()
