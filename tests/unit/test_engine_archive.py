"""What one process worked out of a request serves the next, and nothing else."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

import greeks as gk
from greeks.engine.choosing import archive, plan
from greeks.engine.choosing import menu as menus
from greeks.estimators.pathwise import Pathwise
from greeks.expressions.node import ONE, symbol
from greeks.expressions.packing import packed, unpacked

MODEL = gk.BlackScholes(100.0, 0.05, 0.2, 0.02)
HESTON = gk.Heston(spot=100.0, rate=0.03, variance=0.04, kappa=2.0, theta=0.04, xi=0.3, rho=-0.5)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An archive of its own, whatever the state of the package's files."""
    monkeypatch.setattr(archive, "_file", lambda key: tmp_path / key)
    monkeypatch.setattr(archive, "state_of_package", lambda: "state")
    another_process()
    yield tmp_path
    another_process()


def another_process() -> None:
    """Forget all that is only in memory."""
    menus._menus.clear()
    menus._reads.clear()
    archive._kept.clear()


def entries(folder: Path) -> list[Path]:
    return [file for file in folder.rglob("*") if file.is_file()]


@pytest.mark.parametrize(
    ("model", "payoff", "paths"),
    [
        (MODEL, gk.DigitalCall(100.0, 1.0), 256),
        (MODEL, gk.AsianCall(100.0, 1.0, 4), 256),
        (MODEL, gk.AsianCall(100.0, 1.0, 4), 2**13),
        (MODEL, gk.BarrierOption(100.0, 90.0, 1.0, 4), 2**13),
        (HESTON, gk.Call(100.0, 1.0), 2**13),
    ],
    ids=["closed form", "no pilot", "pilot", "contest", "Heston"],
)
def test_numbers_and_reasons_are_those_of_what_was_worked_out(model: Any, payoff: Any, paths: int) -> None:
    built = gk.sensitivities(model, payoff, ["delta", "rho"], paths=paths, seed=1)
    another_process()
    with mock.patch.object(menus, "_worked_out") as worked_out, mock.patch.object(plan, "_build") as planned:
        found = gk.sensitivities(model, payoff, ["delta", "rho"], paths=paths, seed=1)
    assert not worked_out.called and not planned.called
    assert {k: repr(e) for k, e in found.items()} == {k: repr(e) for k, e in built.items()}
    assert {k: e.reason for k, e in found.items()} == {k: e.reason for k, e in built.items()}


def test_an_entry_grows_with_what_is_asked(folder: Path) -> None:
    payoff = gk.AsianCall(100.0, 1.0, 4)
    gk.sensitivities(MODEL, payoff, ["delta"], paths=256)
    (entry,) = entries(folder)
    few = entry.stat().st_size
    another_process()
    gk.sensitivities(MODEL, payoff, ["delta"], paths=2**13)
    assert entries(folder) == [entry] and entry.stat().st_size > few
    another_process()
    with mock.patch.object(plan, "_build") as planned:
        gk.sensitivities(MODEL, payoff, ["delta"], paths=256)
        gk.sensitivities(MODEL, payoff, ["delta"], paths=2**13)
    assert not planned.called


def test_numbers_and_dates_share_an_entry_and_structure_does_not(folder: Path) -> None:
    def asked(payoff: Any, greeks: list[str], **settings: Any) -> int:
        another_process()
        gk.sensitivities(MODEL, payoff, greeks, paths=256, **settings)
        return len(entries(folder))

    assert asked(gk.AsianCall(100.0, 1.0, 4), ["delta"]) == 1
    assert asked(gk.AsianCall(90.0, 2.0, 6), ["delta"]) == 1
    assert asked(gk.AsianPut(100.0, 1.0, 4), ["delta"]) == 2
    assert asked(gk.AsianCall(100.0, 1.0, 4), ["vega"]) == 3
    assert asked(gk.AsianCall(100.0, 1.0, 4), ["delta"], estimator=gk.Pathwise()) == 4
    assert asked(gk.AsianCall(100.0, 1.0, 4), ["delta"], controls=()) == 5
    assert asked(gk.AsianCall(100.0, 1.0, (0.0, 0.5, 1.0)), ["delta"]) == 6


factor = 1.0  # what a formula reads from outside its class


@dataclass(frozen=True)
class Scaled(gk.Payoff):
    """A user's payoff, whose formula is not all in its class."""

    strike: gk.Scalar
    maturity: gk.Scalar

    def settle(self, stats: Any, x: Any) -> Any:
        return factor * gk.maximum(x[0] - self.strike, 0.0)


def test_a_formula_that_changed_is_another(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    once = gk.price(MODEL, Scaled(100.0, 1.0), paths=256, seed=1).value
    another_process()
    monkeypatch.setitem(globals(), "factor", 2.0)
    twice = gk.price(MODEL, Scaled(100.0, 1.0), paths=256, seed=1).value
    assert twice == pytest.approx(2.0 * once, rel=1e-12)
    assert len(entries(folder)) == 2
    another_process()
    with mock.patch.object(menus, "_worked_out") as worked_out:
        assert gk.price(MODEL, Scaled(100.0, 1.0), paths=256, seed=1).value == twice
    assert not worked_out.called


class Own(Pathwise):
    """An estimator whose code nobody has seen."""


def test_what_foreign_objects_make_is_not_kept(folder: Path) -> None:
    gk.sensitivities(MODEL, gk.AsianCall(100.0, 1.0, 4), ["delta"], paths=256, estimator=Own())
    assert not entries(folder)
    with pytest.raises(archive.ForeignError):
        archive.told({1.0})


@pytest.mark.parametrize(
    "damage", [lambda data: b"", lambda data: data[:-1], lambda data: data[:40] + b"!" + data[41:]]
)
def test_damage_is_seen(damage: Any, folder: Path) -> None:
    expected = gk.price(MODEL, gk.AsianCall(100.0, 1.0, 4), paths=256).value
    (entry,) = entries(folder)
    entry.write_bytes(damage(entry.read_bytes()))
    another_process()
    assert gk.price(MODEL, gk.AsianCall(100.0, 1.0, 4), paths=256).value == expected
    another_process()
    with mock.patch.object(menus, "_worked_out") as worked_out:  # it has been written anew
        gk.price(MODEL, gk.AsianCall(100.0, 1.0, 4), paths=256)
    assert not worked_out.called


def test_where_nothing_can_be_written_all_is_worked_out(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    (folder / "file").touch()
    monkeypatch.setattr(archive, "_file", lambda key: folder / "file" / key)
    assert gk.price(MODEL, gk.AsianCall(100.0, 1.0, 4), paths=256).value > 0.0


def test_files_that_changed_after_they_were_loaded_are_not_trusted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    state = archive.state_of_package.__wrapped__
    monkeypatch.setattr(archive, "LOADED", 0.0)
    assert state() == ""
    monkeypatch.setattr(archive, "LOADED", 1e11)
    assert len(state()) == 32
    assert archive.key_of(1.0).startswith(archive.state_of_package()) or not archive.state_of_package()


def test_the_state_is_that_of_all_sources(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.undo()
    found = {Path(path).relative_to(Path(gk.__file__).parent).as_posix() for path, *_ in archive._files(gk.__path__[0])}
    assert {"api.py", "engine/choosing/menu.py", "kernels/cpu.py", "estimators/conditional/average.py"} <= found


def test_few_states_of_the_package_are_kept(folder: Path) -> None:
    for k in range(3 * archive.STATES):
        archive._write(folder / "states" / f"{k}" / "entry", b"")
    assert len(list((folder / "states").iterdir())) == archive.STATES


def test_expressions_of_any_depth_come_back_as_themselves() -> None:
    x = symbol("x")
    e = x
    for k in range(5000):
        e = ONE / (e + float(k))
    assert unpacked(packed({"deep": (e, x)}))["deep"] == (e, x)


def test_expressions_are_packed_and_not_pickled() -> None:
    with pytest.raises(TypeError, match="packing"):
        pickle.dumps(symbol("x"))


class Calling:
    """What unpacks as a call of a function."""

    def __init__(self, function: Any, name: str) -> None:
        self.function, self.name = function, name

    def __reduce__(self) -> tuple[Any, tuple[str]]:
        return self.function, (self.name,)


@pytest.mark.parametrize(
    "value", [Path("x"), Calling(eval, "1"), Calling(archive.told, "x")], ids=["foreign", "builtin", "function"]
)
def test_only_objects_of_trusted_classes_are_unpacked(value: object) -> None:
    with pytest.raises(pickle.UnpicklingError, match="not of this package"):
        unpacked(packed(value))
