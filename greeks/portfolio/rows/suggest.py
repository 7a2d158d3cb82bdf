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
    known = sorted(known)
    near = nearest(name, known, 0.6)
    if near:
        return f"did you mean {near!r}?"
    return f"known are {', '.join(known)}" if known else "there are none"


def sentence(text: str) -> str:
    """With a full stop, if it has no mark at its end."""
    return text if text.endswith(("?", ".")) else f"{text}."


def nearest(name: object, known: Iterable[str], likeness: float) -> str | None:
    """The known name most like this one, letter case aside, if it is as like as that (0 to 1).

    Examples
    --------
    >>> nearest("Stirke", ["strike", "dates"], 0.8), nearest("desk", ["strike", "dates"], 0.8)
    ('strike', None)
    """
    by_lower = {candidate.lower(): candidate for candidate in sorted(known)}
    near = get_close_matches(str(name).strip().lower()[:100], list(by_lower), n=1, cutoff=likeness)
    return by_lower[near[0]] if near else None
