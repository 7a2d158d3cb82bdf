"""The functions that users call."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

from greeks.engine.choosing.legs import Controls, check_controls
from greeks.engine.choosing.menu import Wanted
from greeks.engine.explain import explanation
from greeks.engine.run import estimate
from greeks.engine.sampling.devices import available, check_precision, settled, without_it
from greeks.engine.sampling.settings import Settings
from greeks.engine.sampling.targets import Wanted as Targets
from greeks.engine.sampling.targets import check_targets, is_positive
from greeks.errors import DeviceError, SchemaError
from greeks.models.base import Model
from greeks.payoffs.base import Payoff
from greeks.results import Estimate, Explanation, Sensitivities
from greeks.samplers import Sampler
from greeks.schemes.base import Scheme

MOST_PATHS = 2**32


def sensitivities(
    model: Model,
    payoff: Payoff,
    greeks: Sequence[str] = (),
    *,
    scheme: Scheme | None = None,
    sampler: Sampler | None = None,
    estimator: Wanted = "auto",
    controls: Controls = "auto",
    paths: int = 2**16,
    seed: int = 0,
    std_error: Targets | None = None,
    max_paths: int | None = None,
    time_limit: float | None = None,
    backend: str = "cpu",
    threads: int | None = None,
    progress: bool = False,
    stream: int = 0,
    first: int = 0,
    precision: str = "float64",
) -> Sensitivities:
    """Price V = E[discounted cash flows] and derivatives of V, all from the same paths.

    Parameters
    ----------
    model : the dynamics, such as `BlackScholes(spot=100.0, rate=0.05, volatility=0.2)`.
    payoff : the contract, such as `Call(strike=100.0, maturity=1.0)`.
    greeks : names: "delta", "gamma", "vega", "rho", "theta", "dividend_rho", "vanna", "volga", "charm", any parameter
        ("d_kappa", "d_strike"), any pair ("d2_spot_variance"), per asset ("delta[0]", "gamma[0,1]"). Per 1.00 of the
        parameter; theta per year, calendar, with all contract dates fixed.
    scheme : discretisation; the model's own by default (exact where known).
    sampler : noise; `Philox()` by default, or `Antithetic()`, `Sobol()`, `LatinHypercube()`, which round `paths` down:
        to whole pairs, or to a power of two of points for each scramble.
    estimator : "auto", an estimator for all Greeks, or a dict of estimators by Greek.
    controls : "auto" for those that a pilot finds worth their time, () for none, or a tuple such as `(European(),)`.
    paths : paths simulated (the first batch, where `std_error` is given), at least 2.
    seed : any 64-bit integer; same seed, same numbers, on any number of threads.
    std_error : target, a number or `Relative(1e-3)`, one for all numbers or by Greek; batches are added until it holds.
    max_paths, time_limit : where batches stop all the same (paths; seconds), as they do at Ctrl-C; `stopped` then says
        so. A second Ctrl-C within three seconds is a KeyboardInterrupt, as is one before there is any result.
    backend : "cpu", "cuda", or "auto" for a device where there is one and the work is large enough; the result's
        `backend` says which it was. threads : cores used, all by default.
    progress : show a line with the errors so far and the time left.
    stream : a family of draws, so that runs with one seed are independent.
    first : number of the first path, a multiple of 8,192, where this is a part of a longer run; see `merge`.
    precision : "float64", or on a device "float32" for its paths (sums stay in double precision).

    Returns
    -------
    Sensitivities
        A mapping from "price" and every Greek to `Estimate`.

    Raises
    ------
    SchemaError : an argument is malformed. UnsupportedError : a Greek cannot be estimated honestly.
    EstimationError : the simulation gave something that is not a number.

    Examples
    --------
    >>> import greeks as gk
    >>> model = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02)
    >>> r = gk.sensitivities(model, gk.Call(strike=100.0, maturity=1.0), ["delta"], paths=2**14, seed=42)
    >>> print(f"{r['delta'].value:.9f}: the closed form is 0.586851146")
    0.586851146: the closed form is 0.586851146
    """
    _check_contract(model, payoff)
    names = _names(greeks)
    settings = Settings(
        scheme, sampler, estimator, paths, seed, std_error, max_paths, time_limit, backend, threads, stream, progress,
        first,
        controls=controls, precision=precision,
    )  # fmt: skip
    check_settings(settings)
    settings = settled(settings, model, payoff, names)
    check_precision(settings)
    try:
        return estimate(model, payoff, names, settings)
    except DeviceError as error:
        return estimate(model, payoff, names, without_it(settings, backend, error))


def price(model: Model, payoff: Payoff, **settings: Any) -> Estimate:
    """V = E[discounted cash flows], with its standard error; settings as for `sensitivities`.

    Examples
    --------
    >>> import greeks as gk
    >>> model = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2, dividend=0.02)
    >>> put = gk.price(model, gk.Put(strike=100.0, maturity=1.0), paths=2**14, seed=1)
    >>> print(f"{put.value:.8f}: the closed form is 6.33008063")
    6.33008063: the closed form is 6.33008063
    """
    r = sensitivities(model, payoff, (), **settings)
    return r["price"] if r.complete else dataclasses.replace(r["price"], warnings=(r.warning, *r["price"].warnings))


def explain(
    model: Model,
    payoff: Payoff,
    greeks: Sequence[str],
    *,
    scheme: Scheme | None = None,
    sampler: Sampler | None = None,
    estimator: Wanted = "auto",
    controls: Controls = "auto",
    paths: int = 2**16,
) -> Explanation:
    """Which estimator and controls each Greek would get, why, what controls and sampler buy, and what is refused.

    No more than pilots is simulated. Arguments are those of `sensitivities`; "price" among the Greeks tells of it too.
    The sampler is compared with independent paths, as many as `paths` and no more than 16,384: what a point set buys
    grows with its points, and is itself known to a third where it has 16 scrambles.

    Examples
    --------
    >>> import greeks as gk
    >>> model = gk.BlackScholes(spot=100.0, rate=0.05, volatility=0.2)
    >>> told = gk.explain(model, gk.LookbackCall(strike=100.0, maturity=1.0, dates=12), ["delta"])
    >>> told.estimators["delta"], told.controls["delta"][0], told.by_controls["delta"] > 3.0
    ('pathwise', 'geometric average', True)
    """
    _check_contract(model, payoff)
    settings = Settings(scheme, sampler, estimator, paths, controls=controls)
    check_settings(settings)
    return explanation(model, payoff, _names(greeks), settings)


def backends() -> Mapping[str, Any]:
    """Every backend by name, whether it can run here, and if not why.

    Examples
    --------
    >>> import greeks as gk
    >>> gk.backends()["cpu"].available
    True
    """
    return available()


def _names(greeks: Sequence[str]) -> tuple[str, ...]:
    if isinstance(greeks, str):
        raise SchemaError(f'greeks = {greeks!r}: expected a list of names; write ["{greeks}"]')
    for name in greeks:
        if not isinstance(name, str):
            raise SchemaError(f'greeks holds {name!r}: expected names such as "delta"')
    return tuple(dict.fromkeys(greeks))


def _check_contract(model: object, payoff: object) -> None:
    if not isinstance(model, Model):
        raise SchemaError(f"model = {model!r:.80}: expected a greeks.Model such as greeks.BlackScholes(...)")
    name, state = type(model).__name__, getattr(model, "state", None)
    known = {f.name for f in dataclasses.fields(model)}
    if not isinstance(state, tuple) or not state or not set(state) <= known:
        raise SchemaError(
            f"{name}.state = {state!r}: expected a tuple of names of its fields, those that are the initial state, "
            f'such as ("spot",); its fields are {", ".join(sorted(known))}'
        )
    if not isinstance(payoff, Payoff):
        raise SchemaError(f"payoff = {payoff!r:.80}: expected a greeks.Payoff such as greeks.Call(...)")
    if not hasattr(payoff, "maturity"):
        raise SchemaError(f"{type(payoff).__name__} has no field `maturity`: give it one, the year it is settled in")


def check_settings(s: Settings) -> None:
    """Raise SchemaError, naming the setting, where one is malformed."""

    def whole(name: str, value: object, least: int) -> None:
        if isinstance(value, bool) or not hasattr(value, "__index__") or value.__index__() < least:
            raise SchemaError(f"{name} = {value!r}: expected a whole number >= {least}")

    check_controls(s.controls)
    whole("paths", s.paths, 2)
    if s.paths > MOST_PATHS:
        raise SchemaError(
            f"paths = {s.paths}: expected at most {MOST_PATHS} in a first batch; for more accuracy give std_error="
        )
    whole("stream", s.stream, 0)
    whole("first", s.first, 0)
    for name, value in (("max_paths", s.max_paths), ("threads", s.threads)):
        if value is not None:
            whole(name, value, 1)
    if isinstance(s.seed, bool) or not hasattr(s.seed, "__index__"):
        raise SchemaError(f"seed = {s.seed!r}: expected a whole number")
    if s.scheme is not None and not isinstance(s.scheme, Scheme):
        raise SchemaError(f"scheme = {s.scheme!r}: expected a scheme such as greeks.Euler(steps=64)")
    if s.sampler is not None and not isinstance(s.sampler, Sampler):
        raise SchemaError(f"sampler = {s.sampler!r}: expected a sampler such as greeks.Philox()")
    if s.time_limit is not None and not is_positive(s.time_limit):
        raise SchemaError(f"time_limit = {s.time_limit!r}: expected a number of seconds > 0")
    if s.std_error is not None:
        check_targets(s.std_error)
