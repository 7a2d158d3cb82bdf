"""Names of Greeks and the derivatives they stand for."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from greeks.errors import SchemaError, UnsupportedError
from greeks.estimators import direction as of
from greeks.estimators.direction import Direction
from greeks.expressions.trace import Parameter

# word -> the words (or "time") it differentiates in
FIRST = {"delta": "spot", "vega": "volatility", "rho": "rate", "dividend_rho": "dividend", "theta": "time"}
SECOND = {
    "gamma": ("spot", "spot"),
    "vanna": ("spot", "volatility"),
    "volga": ("volatility", "volatility"),
    "charm": ("spot", "time"),
    "veta": ("volatility", "time"),
    "dual_gamma": ("strike", "strike"),
}
WORD_OF = {"spot": "delta", "volatility": "vega", "rate": "rho", "dividend": "dividend_rho"}
PLURAL = {"spot": "spots", "volatility": "volatilities", "dividend": "dividends"}
_PATTERN = re.compile(r"^(?P<word>[A-Za-z_0-9]+?)(?:\[(?P<index>\s*\d+\s*(?:,\s*\d+\s*)*)\])?$")


@dataclass(frozen=True)
class Greek:
    """A derivative of the price: its name and the one or two directions it differentiates in.

    An element of a first derivative in a vector is read off the derivative in all elements at once (`vector`), which
    costs no more than a few of them singly; `element` says which.
    """

    name: str
    directions: tuple[Direction, ...]
    vector: Direction | None = None
    element: int = 0


@dataclass(frozen=True)
class Vocabulary:
    """What the words of a model and a payoff mean."""

    model_name: str
    payoff_name: str
    words: Mapping[str, str]  # Greek -> the model's own name of the parameter it differentiates in
    parameters: Mapping[str, Parameter]  # of model and payoff, by symbol name and by field

    def parse(self, name: str) -> list[Greek]:
        """The Greeks that a name stands for: one, or one a asset where a vector is meant without an index."""
        match = _PATTERN.match(name) if isinstance(name, str) else None
        if not match:
            raise SchemaError(f'Greek {name!r}: expected a name such as "delta", "d_kappa" or "gamma[0,1]"')
        indices = tuple(int(i) for i in (match["index"] or "").split(",") if i.strip())
        fields = self._fields(name, match["word"])
        return self._directed(name, match["word"], fields, indices)

    def _fields(self, name: str, word: str) -> tuple[str, ...]:
        if word in FIRST:
            return (self._field(name, FIRST[word], word),)
        if word in SECOND:
            return tuple(self._field(name, w, word) for w in SECOND[word])
        if word == "dual_delta":
            return (self._field(name, "strike", word),)
        if word.startswith("d_") and self._known(word[2:]):
            return (word[2:],)
        if word.startswith("d2_"):
            pair = self._pair(word[3:])
            if pair:
                return pair
        raise SchemaError(self._unknown(name, word))

    def _pair(self, text: str) -> tuple[str, str] | None:
        if self._known(text):
            return text, text
        splits = [(text[:i], text[i + 1 :]) for i, c in enumerate(text) if c == "_"]
        return next(((a, b) for a, b in splits if self._known(a) and self._known(b)), None)

    def _known(self, field: str) -> bool:
        return field in self.parameters or field == "time"

    def _field(self, name: str, word: str, greek: str) -> str:
        own = self.words.get(WORD_OF.get(word, greek), word)
        for field in (own, PLURAL.get(own, own)):
            if self._known(field):
                return field
        raise UnsupportedError(
            f'Greek "{name}": {self.model_name} with {self.payoff_name} has no {word}; '
            f"its parameters are {', '.join(self._names())}: ask for " + f'"d_{self._names()[0]}" and the like'
        )

    def _names(self) -> list[str]:
        return sorted({p.field for p in self.parameters.values()} - {"maturity"})

    def _unknown(self, name: str, word: str) -> str:
        words = [*FIRST, *SECOND, "dual_delta", "price", *(f"d_{p}" for p in self._names())]
        near = difflib.get_close_matches(word, words, n=3)
        hint = f"did you mean {' or '.join(near)}?" if near else f"known are {', '.join(words)}"
        return f'Greek "{name}" is not known for {self.model_name} with {self.payoff_name}; {hint}'

    def _directed(self, name: str, word: str, fields: tuple[str, ...], indices: tuple[int, ...]) -> list[Greek]:
        for field in fields:
            if field == "maturity":
                raise UnsupportedError(
                    f'Greek "{name}": the maturity fixes the dates of the contract; "theta" is the derivative in '
                    "calendar time with all dates fixed"
                )
        if len(fields) == 2 and all(f != "time" and self.parameters[f].rows for f in fields):
            raise UnsupportedError(
                f'Greek "{name}": second derivatives in a correlation are not offered; '
                "difference two first ones, at correlations a little apart with the same seed"
            )
        shapes = [
            self.parameters[f] for f in fields if f != "time" and (self.parameters[f].size or self.parameters[f].rows)
        ]
        if not shapes:
            if indices:
                raise SchemaError(f'Greek "{name}": {fields[0]} is a single number and takes no index; write "{word}"')
            return [Greek(name, tuple(self._direction(f) for f in fields))]
        if not indices:
            return [
                g
                for spread in _all_indices(shapes)
                for g in self._directed(_indexed(word, spread), word, fields, spread)
            ]
        directions = self._elements(name, fields, shapes, indices)
        whole = of.of_parameter(shapes[0]) if len(fields) == 1 and shapes[0].size else None
        return [Greek(name, directions, whole, indices[0])]

    def _direction(self, field: str) -> Direction:
        return of.of_valuation() if field == "time" else of.of_parameter(self.parameters[field])

    def _elements(
        self, name: str, fields: tuple[str, ...], shapes: list[Parameter], indices: tuple[int, ...]
    ) -> tuple[Direction, ...]:
        wanted = sum(2 if p.rows else 1 for p in shapes)
        if len(indices) != wanted:
            raise SchemaError(
                f'Greek "{name}": {len(indices)} indices given, expected {wanted}, one an axis of {fields}'
            )
        left = list(indices)
        directions = []
        for field in fields:
            p = None if field == "time" else self.parameters[field]
            if p is None or not (p.size or p.rows):
                directions.append(self._direction(field))
            elif p.rows:
                directions.append(self._correlation(name, p, left.pop(0), left.pop(0)))
            else:
                directions.append(of.of_element(p, _within(name, left.pop(0), p.size)))
        return tuple(directions)

    def _correlation(self, name: str, p: Parameter, i: int, j: int) -> Direction:
        _within(name, i, p.rows), _within(name, j, p.rows)
        if i == j:
            raise SchemaError(f'Greek "{name}": the diagonal of a correlation is 1 and does not move')
        return of.of_correlation(p, i, j)


def _within(name: str, k: int, size: int) -> int:
    if k >= size:
        raise SchemaError(f'Greek "{name}": index {k} is beyond the {size} elements 0..{size - 1}')
    return k


def _all_indices(shapes: list[Parameter]) -> list[tuple[int, ...]]:
    if any(p.rows for p in shapes):
        n = shapes[0].rows
        return [(i, j) for i in range(n) for j in range(i)]
    if len(shapes) == 1:
        return [(i,) for i in range(shapes[0].size)]
    n, same = shapes[0].size, shapes[0] is shapes[1]
    return [(i, j) for i in range(n) for j in range(i if same else 0, n)]


def _indexed(word: str, indices: tuple[int, ...]) -> str:
    return f"{word}[{','.join(map(str, indices))}]"
