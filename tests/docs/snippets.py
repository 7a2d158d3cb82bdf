"""Python blocks of a Markdown file, run in order, and the output that the file shows after them.

`python -m tests.docs.snippets` writes what the blocks print into the `text` blocks that follow them.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from itertools import zip_longest
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(?P<kind>\w*)\n(?P<body>.*?)^```$", re.MULTILINE | re.DOTALL)
_SECONDS = re.compile(r"\b\d+\.\d+ s\b")


@dataclass(frozen=True)
class Snippet:
    """A python block: its code, its line in the file, and where its shown output stands, if it has one."""

    code: str
    line: int
    shown: tuple[int, int] | None


def documents() -> list[Path]:
    """Every Markdown file of the project whose python blocks are run."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def snippets(text: str) -> list[Snippet]:
    """The python blocks; a `text` block belongs to the python block right before it.

    >>> [s.code for s in snippets("```python\\nx = 1\\n```\\n")]
    ['x = 1\\n']
    """
    fences = list(_FENCE.finditer(text))
    found = []
    for here, after in zip_longest(fences, fences[1:]):
        if here["kind"] != "python":
            continue
        follows = after is not None and after["kind"] == "text" and not text[here.end() : after.start()].strip()
        shown = after.span("body") if after is not None and follows else None
        found.append(Snippet(here["body"], text[: here.start()].count("\n") + 2, shown))
    return found


def printed(path: Path, blocks: Sequence[Snippet]) -> list[str]:
    """What each block prints; they share one module, named for the file."""
    module = ModuleType(f"snippets_of_{path.stem.replace('-', '_')}")
    sys.modules[module.__name__] = module
    outputs = []
    for block in blocks:
        padded = "\n" * (block.line - 1) + block.code  # so that a traceback names the line of the file
        with redirect_stdout(StringIO()) as out:
            exec(compile(padded, str(path), "exec"), module.__dict__)
        outputs.append(normal(out.getvalue()))
    return outputs


def normal(output: str) -> str:
    """Output without what differs from run to run: seconds, and blanks at the ends of lines."""
    lines = _SECONDS.sub("… s", output).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip("\n") + "\n"


def refreshed(path: Path) -> str:
    """The file's text with every shown output replaced by the real one."""
    text = path.read_text(encoding="utf-8")
    blocks = snippets(text)
    for block, output in reversed(list(zip(blocks, printed(path, blocks), strict=True))):
        if block.shown:
            begin, end = block.shown
            text = text[:begin] + output + text[end:]
    return text


if __name__ == "__main__":
    for name in sys.argv[1:] or documents():
        Path(name).write_text(refreshed(Path(name)), encoding="utf-8")
