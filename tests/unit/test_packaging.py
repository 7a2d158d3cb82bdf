"""What is shipped: one top level, real files behind the symlink, types, data, and a package that imports."""

from __future__ import annotations

import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHIPPED = {path.relative_to(ROOT).as_posix() for path in (ROOT / "greeks" / "data").glob("*") if path.is_file()} | {
    f"greeks/{path.relative_to(ROOT).as_posix()}" for path in (ROOT / "kernels").rglob("*.py")
}


def python(*arguments: str, cwd: Path, path: Path | None = None) -> str:
    """Run this interpreter, without the user's environment, and return what it printed."""
    environment = {} if path is None else {"PYTHONPATH": str(path)}
    done = subprocess.run(
        [sys.executable, *arguments], cwd=cwd, env=environment, text=True, capture_output=True, timeout=300
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the wheel and the source distribution, built from a copy so that the tree stays clean."""
    folder = tmp_path_factory.mktemp("dist")
    tree = tmp_path_factory.mktemp("tree")
    for name in ("greeks", "kernels"):
        shutil.copytree(
            ROOT / name,
            tree / name,
            symlinks=True,
            ignore=shutil.ignore_patterns("__pycache__", "*.egg-info"),
        )
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, tree / name)
    python("-m", "build", "--no-isolation", "--outdir", str(folder), str(tree), cwd=tree)
    return folder


@pytest.fixture(scope="module")
def wheel(dist: Path) -> zipfile.ZipFile:
    (path,) = dist.glob("*.whl")
    return zipfile.ZipFile(path)


def test_the_wheel_has_one_top_level(wheel: zipfile.ZipFile) -> None:
    tops = {name.split("/")[0] for name in wheel.namelist()}
    assert {top for top in tops if not top.endswith(".dist-info")} == {"greeks"}


def test_the_wheel_carries_kernels_types_and_data(wheel: zipfile.ZipFile) -> None:
    assert SHIPPED | {"greeks/py.typed", "greeks/kernels/__init__.py"} <= set(wheel.namelist())
    for name in SHIPPED & {name for name in SHIPPED if name.endswith(".py")}:
        assert wheel.read(name) == (ROOT / name).read_bytes()


def test_the_source_distribution_carries_the_same(dist: Path) -> None:
    (path,) = dist.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert SHIPPED | {"pyproject.toml", "README.md", "LICENSE", "greeks/py.typed"} <= names


def test_an_installed_wheel_imports_without_the_tree(wheel: zipfile.ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path / "site")
    script = "import greeks, greeks.kernels as k; print(greeks.__file__); print(k.__file__)"
    printed = python("-c", script, cwd=tmp_path, path=tmp_path / "site")
    assert all(Path(line).is_relative_to(tmp_path / "site") for line in printed.splitlines())


def test_a_bare_import_is_light() -> None:
    """Numba, pandas, SciPy and Matplotlib are loaded when first used, never by `import greeks`."""
    script = "import greeks, sys; print(*sorted({'numba', 'pandas', 'scipy', 'matplotlib'} & set(sys.modules)))"
    assert python("-c", script, cwd=ROOT).strip() == ""
