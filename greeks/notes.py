"""What is to be known of several numbers, each thing told once."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

_SHARE = re.compile(r"\d+(?:\.\d+)?(?=%)")


def grouped(notes: Mapping[str, Sequence[str]]) -> list[str]:
    """`price, delta: text` for each text; those that differ in percentages only are one, told with the largest.

    Examples
    --------
    >>> grouped({"price": ["uncertain by 9%"], "delta": ["uncertain by 34%", "biased"]})
    ['price, delta: uncertain by 34%', 'delta: biased']
    """
    names: dict[str, list[str]] = {}
    texts: dict[str, list[str]] = {}
    for name, told in notes.items():
        for text in told:
            names.setdefault(_SHARE.sub("", text), []).append(name)
            texts.setdefault(_SHARE.sub("", text), []).append(text)
    return [f"{', '.join(dict.fromkeys(names[kind]))}: {max(texts[kind], key=_shares)}" for kind in names]


def _shares(text: str) -> list[float]:
    return [float(share) for share in _SHARE.findall(text)]
