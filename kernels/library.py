"""The library as text: which of its functions a program needs, in an order in which they can be defined."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROLES = {  # file -> decorator of its functions
    "philox": "helper",
    "functions": "helper",
    "normal": "helper",
    "net": "helper",
    "exprel": "kernel",
    "lanes": "kernel",
    "antithetic": "kernel",
    "noise": "kernel",
    "reduction": "reducer",
    "chunks": "kernel",
    "regression": "kernel",
    "cuda_reduction": "device",
}


@dataclass(frozen=True)
class Definition:
    """One function or constant of the library."""

    name: str
    file: str
    role: str
    text: str
    uses: frozenset[str]


def names_in(node: ast.AST) -> frozenset[str]:
    """Every name that a piece of code reads, annotations apart."""
    parts = node.body if isinstance(node, ast.FunctionDef) else [node]
    return frozenset(
        found.id
        for part in parts
        for found in ast.walk(part)
        if isinstance(found, ast.Name) and isinstance(found.ctx, ast.Load)
    )


def definition(node: ast.stmt, file: str) -> Definition | None:
    """A function or an upper-case constant as a Definition; None for imports, docstrings and stand-ins."""
    if isinstance(node, ast.FunctionDef):
        body = node.body[1:] if ast.get_docstring(node) else node.body
        arguments = ", ".join(argument.arg for argument in node.args.args)
        text = f"def {node.name}({arguments}):\n" + "\n".join(
            f"    {line}" for line in ast.unparse(ast.Module(body, [])).splitlines()
        )
        return Definition(node.name, file, ROLES[file], text, names_in(node))
    if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name) and node.targets[0].id.isupper():
        return Definition(node.targets[0].id, file, "constant", ast.unparse(node), names_in(node.value))
    return None


@cache
def text() -> str:
    """All files of the library, one after the other."""
    return "\n".join(Path(__file__).with_name(f"{file}.py").read_text(encoding="utf-8") for file in ROLES)


@cache
def definitions() -> Mapping[str, Definition]:
    """Everything the library defines, in the order of its files."""
    found: dict[str, Definition] = {}
    for file in ROLES:
        tree = ast.parse(Path(__file__).with_name(f"{file}.py").read_text(encoding="utf-8"))
        for item in (definition(node, file) for node in tree.body):
            if item is not None:
                found.setdefault(item.name, item)
    return found


def closure(names: Iterable[str], defined: frozenset[str] = frozenset()) -> list[Definition]:
    """The definitions behind `names`, callees first; what the program defines itself is left out."""
    library, done, ordered = definitions(), set(defined), list[Definition]()

    def visit(name: str) -> None:
        if name in done or name not in library:
            return
        done.add(name)
        for used in sorted(library[name].uses):
            visit(used)
        ordered.append(library[name])

    for name in sorted(names):
        visit(name)
    return ordered


def constants_of(text: str) -> dict[str, int]:
    """The constants that a program defines, by name."""
    return {name: int(value) for name, value in re.findall(r"^([A-Z]+) = (\d+)$", text, re.MULTILINE)}


def defined_in(tree: ast.Module) -> dict[str, object]:
    """The names a program defines: its functions (None) and its literal constants (their values)."""
    found: dict[str, object] = {node.name: None for node in tree.body if isinstance(node, ast.FunctionDef)}
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.targets[0], ast.Name)
            and isinstance(node.value, ast.Constant)
        ):
            found[node.targets[0].id] = node.value.value
    return found


def widened(text: str) -> str:
    """Every function of `text` with a first statement that asks for 512-bit vectors."""
    return re.sub(r"^(def \w+\([^)]*\):)\n", r"\1\n    wide_vectors()\n", text, flags=re.MULTILINE)
