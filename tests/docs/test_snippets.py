"""The code in README and docs runs and prints what is shown; links and tests of the machinery itself."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest

from tests.docs.snippets import ROOT, documents, normal, printed, snippets
from tests.docs.speed_table import speed_table, with_speeds

_LINK = re.compile(r"\[[^\]]*\]\((?!https?://|#|mailto:)([^)#\s]+)(?:#([^)\s]+))?\)")


def _with_code() -> list[Path]:
    return [p for p in documents() if snippets(p.read_text(encoding="utf-8"))]


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _in_every_run(path: Path) -> Any:
    """The README in every run of the tests, the pages of docs/ in a run of their own."""
    return path if path.name == "README.md" else pytest.param(path, marks=pytest.mark.docs)


@pytest.mark.parametrize("path", [_in_every_run(page) for page in _with_code()], ids=_name)
def test_snippets_print_what_is_shown(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    blocks = snippets(text)
    for block, output in zip(blocks, printed(path, blocks), strict=True):
        if block.shown:
            shown = text[slice(*block.shown)]
            assert output == normal(shown), f"{_name(path)}:{block.line}: run python -m tests.docs.snippets"


@pytest.mark.parametrize("path", documents(), ids=_name)
def test_links_lead_somewhere(path: Path) -> None:
    for target, anchor in _LINK.findall(path.read_text(encoding="utf-8")):
        there = (path.parent / target).resolve()
        assert there.exists(), f"{_name(path)} links to {target}, which does not exist"
        if anchor:
            assert anchor in _anchors(there), f"{_name(path)} links to {target}#{anchor}: no such heading"


def _anchors(path: Path) -> set[str]:
    """GitHub's anchors of a file's headings."""
    headings = re.findall(r"^#+ +(.*)$", path.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}


def test_speeds_in_the_readme_are_those_of_the_benchmarks() -> None:
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert with_speeds(text) == text, "benchmarks/README.md has changed: run python -m tests.docs.speed_table"


def test_speed_table_takes_the_best_of_each_library() -> None:
    text = """<!-- side_by_side -->
**T1. A call: delta.** Target: standard error 0.1 on delta.

| Contender | Paths/s | Time to target | x ours | Greeks / price | First call | Not right |
| --- | --- | --- | --- | --- | --- | --- |
| pathgreeks, auto | 9e7 | 0.5 s |  | 1.6 | 0.5 s |  |
| NumPy, loop | 3e7 | 1.5 s | 3.1 (2 to 4) | 1.6 | 0.1 s |  |
| JAX, jvp | 1e7 | 2.0 s | 4.0 (3 to 6) | 1.9 | 2 s | silently 0: gamma |
| NumPy, slow loop | 3e7 | 9 s | 18 (2 to 44) | 1.6 | 0.1 s |  |
| PyTorch, autograd | 3e7 | never | never | 0.8 | 0.8 s | silently 0: delta |

A machine.
<!-- /side_by_side -->"""
    header, rule, row, blank, machine = speed_table(text).splitlines()
    assert row == "| A call: delta | 0.1 | 0.5 s | 3.1x | – | 4.0x (silently 0: gamma) | – | – |"
    assert header.count("|") == rule.count("|") == row.count("|")
    assert (blank, machine) == ("", "A machine.")


def test_readme_has_code_with_output() -> None:
    blocks = snippets((ROOT / "README.md").read_text(encoding="utf-8"))
    assert sum(block.shown is not None for block in blocks) >= 4


def test_output_belongs_to_the_block_right_before_it() -> None:
    text = "```python\nprint(1)\n```\n\n```text\n1\n```\n\n```python\nx = 2\n```\nWords.\n\n```text\n3\n```\n"
    first, second = snippets(text)
    assert text[slice(*(first.shown or (0, 0)))] == "1\n"
    assert second.shown is None


def test_blocks_of_a_file_share_their_names(tmp_path: Path) -> None:
    text = "```python\nx = 2\n```\n```python\nprint(x + 1)\n```\n"
    assert printed(tmp_path / "some-file.md", snippets(text)) == ["\n", "3\n"]


def test_seconds_are_not_compared() -> None:
    assert normal("a | 0.31 s\nb  \n") == normal("a | 12.04 s\nb\n") == "a | … s\nb\n"
