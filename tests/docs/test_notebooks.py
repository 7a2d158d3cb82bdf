"""The notebooks run from top to bottom, their key numbers agree with the truth, and what they show is committed."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from tests.docs.snippets import ROOT

NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
_REPORT = "import json; print(json.dumps({name: float(z) for name, z in z_scores.items()}))"


def _name(path: Path) -> str:
    return path.stem


def _read(path: Path) -> Any:
    return nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]


def _executed(path: Path) -> Any:
    """The notebook after a run, with one cell more: the z-scores it has collected, as JSON."""
    notebook = _read(path)
    notebook.cells.append(nbformat.v4.new_code_cell(_REPORT))  # type: ignore[no-untyped-call]
    environment = {**os.environ, "MPLBACKEND": "module://matplotlib_inline.backend_inline", "PYTHONPATH": str(ROOT)}
    client = NotebookClient(notebook, timeout=300, resources={"metadata": {"path": str(path.parent)}})
    return client.execute(env=environment)


@pytest.mark.docs
@pytest.mark.parametrize("path", NOTEBOOKS, ids=_name)
def test_notebook_runs_and_its_numbers_agree(path: Path) -> None:
    cells = _executed(path).cells
    z_scores = json.loads(cells[-1].outputs[0].text)
    assert len(z_scores) >= 5
    wrong = {name: z for name, z in z_scores.items() if not abs(z) < 4.0}
    assert not wrong, f"{path.name}: estimates and truth are {wrong} standard errors apart"
    assert any("image/png" in output.get("data", {}) for cell in cells for output in cell.get("outputs", []))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_name)
def test_committed_outputs_are_those_of_one_clean_run(path: Path) -> None:
    code = [c for c in _read(path).cells if c.cell_type == "code"]
    assert [c.execution_count for c in code] == list(range(1, len(code) + 1)), "run: make notebooks"
    kinds = {output.output_type for cell in code for output in cell.outputs}
    assert "error" not in kinds
    assert not [o.text for c in code for o in c.outputs if o.get("name") == "stderr"]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=_name)
def test_notebook_is_small_and_names_no_folder_of_its_author(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text) < 400_000
    assert "/home/" not in text
    assert str(ROOT) not in text


def test_there_are_notebooks() -> None:
    numbers = [path.name[:2] for path in NOTEBOOKS]
    assert {"01", "02", "03", "04", "06"} <= set(numbers) and len(set(numbers)) == len(numbers)
