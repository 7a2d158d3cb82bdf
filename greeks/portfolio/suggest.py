"""`did you mean` for a misspelt name."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches


def suggestion(name: object, known: Iterable[str]) -> str:
    """The nearest known name as a remedy, or all of them when none is near.

    Examples
    --------
    >>> suggestion("stirke", ["strike", "maturity"]), suggestion("x", ["strike", "maturity"])
    ("did you mean 'strike'?", 'known are maturity, strike')
    """
    by_lower = {candidate.lower(): candidate for candidate in sorted(known)}
    near = get_close_matches(str(name).strip().lower()[:100], list(by_lower), n=1, cutoff=0.6)
    if near:
        return f"did you mean {by_lower[near[0]]!r}?"
    return f"known are {', '.join(sorted(by_lower.values()))}" if by_lower else "there are none"
