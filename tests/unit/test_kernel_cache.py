"""The folder of compiled programs: never stale, never half written, never in the way."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from greeks.kernels import cache, cpu, library, modules
from greeks.kernels import compile as compiler
from greeks.kernels.compile import CompiledProgram
from greeks.kernels.foundation import foundation

PROGRAM = """\
LANES = 256
ROW = 264
OUTPUTS = 1
WORK = 264
SAMPLES = 256
OUT = 0

@kernel
def block(theta, grid, seed, stream, path0, w, u):
    for p in range(LANES):
        w[p + 0] = {expression}
"""
LOAD = f"""
import sys
import numpy as np
from greeks.kernels import compile as compiler, cpu
program = compiler.load({PROGRAM.format(expression="maximum(1.0, theta[0])")!r})
moments = cpu.run(program, np.array([2.5]), np.ones((1, 1)), seed=1, paths=10)
print(moments.mean[0], program.compiled, "numba" in sys.modules)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty cache of this test's own; the foundation is already in memory."""
    foundation().shared("simulate")
    monkeypatch.setenv("GREEKS_CACHE_DIR", str(tmp_path / "cache"))
    return tmp_path / "cache"


def build(expression: str = "maximum(1.0, theta[0])") -> CompiledProgram:
    return compiler.build(PROGRAM.format(expression=expression), "cpu")


def value(program: CompiledProgram) -> float:
    return float(cpu.run(program, np.array([2.5]), np.ones((1, 1)), seed=1, paths=10).mean[0])


def process(code: str = LOAD, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-W", "always", "-c", code],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )


def test_a_program_is_compiled_once_and_then_found(folder: Path) -> None:
    first, second = build(), build()
    assert first.compiled and not second.compiled
    assert value(first) == value(second) == 2.5
    assert [path.name for path in folder.iterdir()] == [first.key]


def test_within_a_process_it_is_the_same_object(folder: Path) -> None:
    text = PROGRAM.format(expression="theta[0] - 1.25")
    assert compiler.load(text) is compiler.load(text)


def test_edited_text_is_another_program(folder: Path) -> None:
    assert value(build("theta[0] + 1.0")) == 3.5
    assert value(build("theta[0] + 2.0")) == 4.5


def test_an_edited_library_is_never_stale(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = build()
    edited, text = dict(library.definitions()), library.text()
    edited["maximum"] = replace(edited["maximum"], text="def maximum(a, b):\n    return a + b")
    monkeypatch.setattr(library, "definitions", lambda: edited)
    monkeypatch.setattr(library, "text", lambda: f"{text}, edited")
    foundation.cache_clear()  # as a new process would find it
    after = build()
    foundation.cache_clear()
    assert (value(before), value(after)) == (2.5, 3.5)
    assert after.compiled and after.key != before.key


def test_other_processors_versions_and_settings_get_programs_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    import llvmlite.binding

    def key() -> str:
        modules.surroundings.cache_clear()  # as a new process would find it
        return modules.hash_of("source")

    keys = [key(), key()]
    monkeypatch.setattr(modules, "version", lambda package: "0.0")
    keys.append(key())
    monkeypatch.setattr(llvmlite.binding, "get_host_cpu_name", lambda: "abacus")
    keys.append(key())
    monkeypatch.setenv("NUMBA_OPT", "1")
    keys.append(key())
    monkeypatch.undo()
    assert len(set(keys)) == 4 and key() == keys[0]


DAMAGES: dict[str, Callable[[bytes], bytes]] = {
    "truncated": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "one bit": lambda data: data[:-9] + bytes([data[-9] ^ 1]) + data[-8:],
    "garbage": lambda data: b"\x80\x04garbage" * 20,
}


@pytest.mark.parametrize("damage", DAMAGES)
@pytest.mark.parametrize("name", ["block.o", "manifest.json", "seal", "program.py"])
def test_damage_is_noticed_and_repaired(folder: Path, name: str, damage: str) -> None:
    program = build()
    file = folder / program.key / name
    file.write_bytes(DAMAGES[damage](file.read_bytes()))
    again = build()
    assert again.compiled and value(again) == 2.5
    assert not build().compiled
    assert [path.name for path in folder.iterdir()] == [program.key]


def test_a_missing_file_is_noticed_and_repaired(folder: Path) -> None:
    program = build()
    (file,) = (folder / program.key).glob("*.o")
    file.unlink()
    assert value(build()) == 2.5
    assert not build().compiled


def test_a_folder_that_cannot_be_written_costs_one_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "file").write_text("in the way")
    monkeypatch.setenv("GREEKS_CACHE_DIR", str(tmp_path / "file" / "cache"))
    monkeypatch.setattr(cache, "_warned", set())
    with pytest.warns(RuntimeWarning, match="set GREEKS_CACHE_DIR to a folder that can be written"):
        assert value(build()) == 2.5
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert value(build("theta[0] + 3.0")) == 5.5


def test_a_disk_that_fills_up_while_compiling_is_survived(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cache, "_warned", set())
    write, publish = Path.write_text, cache.publish

    def full(self: Path, *arguments: Any, **options: Any) -> int:
        if self.name in ("program.py", cache.SEAL):
            raise OSError(28, "No space left on device")
        return write(self, *arguments, **options)

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.warns(RuntimeWarning, match="No space left on device"):
        assert value(build()) == 2.5
    publish(folder, "never")
    assert list(folder.iterdir()) == []


def test_a_damaged_foundation_is_noticed_and_repaired(folder: Path) -> None:
    foundation.cache_clear()  # as new processes would find it
    key, damaged = foundation().key_of("pairs"), foundation().shared("fold")
    for file in (folder / key).glob("*.o"):
        file.write_bytes(b"")
    foundation.cache_clear()
    assert foundation().shared("fold") is not damaged and cache.find(foundation().key_of("pairs"))


def test_what_is_on_disk_runs_without_numba_wherever_that_keeps_its_own_files(folder: Path, tmp_path: Path) -> None:
    found = process(NUMBA_CACHE_DIR=str(tmp_path / "elsewhere")).communicate()[0].split()
    again = process(NUMBA_CACHE_DIR=str(tmp_path / "elsewhere")).communicate()[0].split()
    assert (found, again) == (["2.5", "True", "True"], ["2.5", "False", "False"])


def test_two_processes_at_once(folder: Path) -> None:
    both = [process() for _ in range(2)]
    for one in both:
        out, errors = one.communicate(timeout=120)
        assert (one.returncode, out.split()[0], errors) == (0, "2.5", "")
    assert {path.name for path in folder.iterdir()} == {foundation().key_of("paths"), build().key}
    assert not build().compiled


@pytest.mark.skipif(sys.platform == "win32", reason="sends POSIX signals")
@pytest.mark.parametrize("blow", [signal.SIGINT, signal.SIGKILL])
@pytest.mark.parametrize("wait", [0.0, 1.0])
def test_a_blow_while_compiling_leaves_nothing_broken(folder: Path, blow: signal.Signals, wait: float) -> None:
    victim = process(f"print('begun', flush=True)\n{LOAD}")
    assert victim.stdout is not None and victim.stdout.readline() == "begun\n"
    time.sleep(wait)
    victim.send_signal(blow)
    victim.communicate(timeout=60)
    folder.mkdir(exist_ok=True)
    survivors = [path for path in folder.iterdir() if not path.name.startswith(cache.PRIVATE)]
    assert all((path / cache.SEAL).read_text() == cache.digest(path) for path in survivors)
    assert blow == signal.SIGKILL or survivors == list(folder.iterdir())
    assert value(build()) == 2.5 and not build().compiled
    os.utime(folder, None)
    cache.sweep(age=-1.0)
    assert {path.name for path in folder.iterdir()} <= {foundation().key_of("paths"), build().key}


def test_only_old_leftovers_are_swept(folder: Path) -> None:
    (folder / f"{cache.PRIVATE}young").mkdir(parents=True)
    (folder / f"{cache.PRIVATE}old").mkdir()
    os.utime(folder / f"{cache.PRIVATE}old", (0, 0))
    build()
    assert sorted(path.name for path in folder.glob(f"{cache.PRIVATE}*")) == [f"{cache.PRIVATE}young"]


def test_importing_kernels_does_not_import_numba() -> None:
    modules = ", ".join(f"greeks.kernels.{name}" for name in ("backends", "compile", "cpu", "cuda", "moments"))
    code = f"import sys, {modules}; print('numba' in sys.modules)"
    assert process(code).communicate()[0] == "False\n"
