"""How far a run is, for somebody who waits: the errors so far and the time left, on one line."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from greeks.engine.sampling.clock import Clock
from greeks.engine.sampling.targets import Target, allowed
from greeks.figures import with_error
from greeks.results import Estimate

SHOWN = 4  # numbers on the line; of more, those farthest from their targets


class Progress:
    """Nobody looks."""

    wanted = False

    def update(
        self, estimates: Mapping[str, Estimate], targets: Mapping[str, Target], done: int, goal: int, clock: Clock
    ) -> None:
        """What there is after `done` paths of a batch that ends with `goal`."""


class Line(Progress):
    """A line on the standard error stream, or in a notebook, by rich."""

    wanted = True

    def __init__(self, bar: Any) -> None:
        self.bar = bar
        self.task = bar.add_task("", total=None, errors="")

    def update(
        self, estimates: Mapping[str, Estimate], targets: Mapping[str, Target], done: int, goal: int, clock: Clock
    ) -> None:
        """Redraw the line."""
        total = max(goal, predicted(estimates, targets, done))
        left = min(clock.seconds(total - done), max(clock.left, 0.0))
        text = f"{duration(left)} left  {done:,} paths  {errors(estimates, targets)}"
        self.bar.update(self.task, completed=done, total=total, errors=text)


@contextmanager
def shown(wanted: bool) -> Iterator[Progress]:
    """A line, where one is wanted: it goes away at the end; where nothing can move, as in a log, the last one stays."""
    if not wanted:
        yield Progress()
        return
    from rich.console import Console
    from rich.progress import Progress as Bar
    from rich.progress import TextColumn

    column = TextColumn("{task.percentage:>3.0f}%  {task.fields[errors]}")
    console = Console(stderr=True)
    with Bar(column, console=console, transient=console.is_terminal or console.is_jupyter) as bar:
        yield Line(bar)


def predicted(estimates: Mapping[str, Estimate], targets: Mapping[str, Target], done: int) -> int:
    """Paths that the targets will need, if errors fall with their square root.

    >>> predicted({"price": Estimate("price", 10.0, 0.02, 1000)}, {"price": 0.01}, 1000)
    4000
    """
    ratios = [_ratio(estimates[name], target) for name, target in targets.items()]
    worst = max((r for r in ratios if math.isfinite(r)), default=0.0)
    return math.ceil(done * worst * worst)


def errors(estimates: Mapping[str, Estimate], targets: Mapping[str, Target]) -> str:
    """The numbers with their errors, those with targets first, the farthest from them first.

    >>> two = {"price": Estimate("price", 10.0, 0.02, 1000), "delta": Estimate("delta", 0.5, 0.001, 1000)}
    >>> errors(two, {"delta": 1e-4})
    'delta 0.5000 ± 0.0010 (to 0.0001)  price 10.000 ± 0.020'
    """
    ordered = sorted(estimates, key=lambda name: -_ratio(estimates[name], targets[name]) if name in targets else 1.0)
    texts = []
    for name in ordered[:SHOWN]:
        e = estimates[name]
        aim = f" (to {allowed(targets[name], e.value):.2g})" if name in targets else ""
        texts.append(f"{name} {with_error(e.value, e.std_error)}{aim}")
    return "  ".join([*texts, *("…",) * (len(ordered) > SHOWN)])


def duration(seconds: float) -> str:
    """Hours, minutes and seconds.

    >>> duration(3725.4), duration(59.6), duration(math.inf)
    ('1:02:05', '1:00', '?')
    """
    if not math.isfinite(seconds):
        return "?"
    minutes, s = divmod(round(seconds), 60)
    hours, m = divmod(minutes, 60)
    return f"{hours}:{m:02d}:{s:02d}" if hours else f"{m}:{s:02d}"


def _ratio(e: Estimate, target: Target) -> float:
    limit = allowed(target, e.value)
    return e.std_error / limit if limit else math.inf
