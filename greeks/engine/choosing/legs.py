"""The controls of a contract: what each of them is on its path."""

from __future__ import annotations

from dataclasses import dataclass, replace

from greeks.controls import AUTOMATIC, ON_LEVELS, ControlVariate, Leg, Path
from greeks.engine.terms.contract import Contract, pricing_fold
from greeks.engine.terms.grid import GridShape
from greeks.errors import SchemaError, UnsupportedError
from greeks.expressions import fold as f
from greeks.expressions.algebra import free_of
from greeks.expressions.fold import Fold, in_words
from greeks.expressions.node import Expr, const, symbol
from greeks.expressions.trace import called, number, parameters, traced
from greeks.expressions.uniform import uniform_carries
from greeks.payoffs.base import Payoff, is_continuous, year_fractions
from greeks.schemes.base import Scheme
from greeks.schemes.euler import Euler
from greeks.schemes.exact import constant_coefficients
from greeks.schemes.qe import QE
from greeks.schemes.sde import SDE, trace_sde

Controls = str | tuple[ControlVariate, ...]
AUTO, LEVELS = "auto", "levels"  # controls that are found: for a request, and on each of the levels of one
FOUND = {AUTO: AUTOMATIC, LEVELS: ON_LEVELS}
MANY = 64  # elements beyond which a vector is no control: a pilot could not tell its coefficients


def check_controls(controls: object) -> None:
    """Refuse what is neither "auto" nor controls."""
    found = controls if isinstance(controls, tuple) else None
    if controls == AUTO or (found is not None and all(isinstance(c, ControlVariate) for c in found)):
        return
    raise SchemaError(
        f'controls = {controls!r:.80}: expected "auto", () for none, or a tuple of controls such as '
        "(greeks.European(), greeks.Forward())"
    )


def legs_of(contract: Contract, scheme: Scheme, priced: Fold, controls: Controls, shape: GridShape) -> tuple[Leg, ...]:
    """The legs of a contract, none where closed forms leave nothing to control."""
    if not controls or is_continuous(contract.payoff):
        return ()
    path = _Seen(contract, scheme, priced).path(shape.any_observed)
    if isinstance(controls, str) and shape.single and path.gaussian and not path.price.size:
        return ()
    wanted = FOUND[controls] if isinstance(controls, str) else controls
    found = [leg for c in wanted for leg in c.legs(path)]
    usable = (leg for leg in found if leg.fold.outputs["price"].size <= MANY)
    return tuple(leg for leg in usable if leg.mean is None or not scheme.several_grids)  # it is that of one grid


@dataclass(frozen=True)
class _Seen:
    """A contract under a scheme, traced again for its controls."""

    contract: Contract
    scheme: Scheme
    priced: Fold

    def path(self, dated: bool) -> Path:
        """What controls see."""
        contract = self.contract
        model = traced(contract.model, {k: p.symbol for k, p in contract.model_parameters.items()})
        sde = trace_sde(model, contract.model_parameters)
        step = self.scheme.transition(model, contract.model_parameters, {0})
        if not set(step.carries) <= set(self.priced.carries):  # the payoff sees more than the price
            step = self.scheme.transition(model, contract.model_parameters, set(range(len(sde.ys))))
        carries = tuple(dict.fromkeys((*step.carries, *self.priced.carries)))
        fold = Fold(carries, {}, step.scoring, step.no_density, step.noise, self.priced.observes_start)
        price = step.visible[0]
        log = price.args[0] if price.op == "exp" and price.args[0].op == "symbol" else None
        maturity = contract.payoff_parameters["maturity"].symbol
        then, now = (number(model, "discount", called(model, "discount", t)) for t in (maturity, f.VALUATION))
        return Path(
            fold,
            price,
            log,
            _moved_alone(fold, price if log is None else log),
            None if log is None else self._growth(sde),
            then / now,
            dated,
            contract.payoff,
            {p.field: p.symbol for p in contract.payoff_parameters.values()},
            sde,
            0,
            self.other,
        )

    def _growth(self, sde: SDE) -> Expr | None:
        """The relative drift of a price that grows by it in every step of the scheme, not only in the limit."""
        growth = sde.coordinates[0].growth
        faithful = isinstance(self.scheme.inner, (Euler, QE)) or constant_coefficients(sde)
        return growth if faithful and growth is not None and free_of(growth, sde.ys) else None

    def other(self, payoff: Payoff, mark: str) -> Fold:
        """The discounted value of another payoff on the same path, its parameters numbers."""
        self._check(payoff)
        contract = Contract(self.contract.model, payoff)
        fold = pricing_fold(contract, self.scheme, bool(year_fractions(payoff)), self.priced.observes_start)
        numbers = {p.symbol: const(p.values[0]) for p in contract.payoff_parameters.values()}
        return _apart(in_words(numbers, replace(fold, exit=None).pruned()), mark, self.priced)

    def _check(self, payoff: Payoff) -> None:
        name, mine = type(payoff).__name__, self.contract.payoff
        if float(payoff.maturity) != float(mine.maturity):  # type: ignore[attr-defined]
            raise UnsupportedError(
                f"a control that pays {name} at maturity {payoff.maturity!r}, where the contract ends at "  # type: ignore[attr-defined]
                f"{mine.maturity!r}: give it the same maturity"  # type: ignore[attr-defined]
            )
        if is_continuous(payoff) or year_fractions(payoff) not in ((), year_fractions(mine)):
            raise UnsupportedError(
                f"a control that pays {name} on other dates than the contract: give it the same dates"
            )
        if any(p.size or p.rows for p in parameters(payoff).values()):
            raise UnsupportedError(f"a control that pays {name} with a vector for a parameter: give it plain numbers")


def _moved_alone(fold: Fold, y: Expr) -> bool:
    """Whether all that moves the price but its own noise is the same on all paths."""
    if y.op != "symbol":
        return False
    carry, others = fold.carry(y), {c.symbol for c in fold.carries} - uniform_carries(fold) - {y}
    return free_of(carry.advance, others) and free_of(carry.arrive, others)


def _apart(fold: Fold, mark: str, priced: Fold) -> Fold:
    """The fold with names of its own for what is not the contract's too."""
    shared = {c.symbol for c in fold.carries if c in priced.carries}
    names = {c.symbol: symbol(f"{c.symbol} {mark}", c.symbol.size) for c in fold.carries if c.symbol not in shared}
    fold = in_words(names, fold)
    return replace(fold, carries=tuple(replace(c, symbol=names.get(c.symbol, c.symbol)) for c in fold.carries))
