"""The bias of a number, where its estimator has one and can tell: an estimate from samples of its own."""

from __future__ import annotations

from dataclasses import dataclass

from greeks.figures import with_error

SEEN = 2.0  # standard errors of its own from which a bias is told from chance


@dataclass(frozen=True)
class Bias:
    """E[estimate] - truth, as estimated, and the standard error of that."""

    value: float
    std_error: float

    def __str__(self) -> str:
        return f"bias about {with_error(self.value, self.std_error)}"

    def warning(self, std_error: float) -> tuple[str, ...]:
        """What to tell the user of a number whose standard error hides that it is wrong by more."""
        if abs(self.value) <= max(std_error, SEEN * self.std_error):
            return ()
        return (
            f"biased by about {with_error(self.value, self.std_error)}, which is more than the standard error and not "
            'in it: take a smaller width, more halvings, or estimator="auto"',
        )
