"""Objects that hold expressions as bytes, and back: expressions side by side, so that their depth is no limit."""

from __future__ import annotations

import pickle
from collections.abc import Sequence
from io import BytesIO
from typing import Any, final

from greeks.expressions.node import Expr, node, postorder

PACKAGE = __name__.partition(".")[0]
TRUSTED = {  # what packed objects may be made of beside classes of this package
    ("collections", "OrderedDict"),
    ("numpy", "dtype"),
    ("numpy", "ndarray"),
    ("numpy._core.multiarray", "_reconstruct"),
    ("numpy._core.numeric", "_frombuffer"),
}


def packed(value: object) -> bytes:
    """The bytes of an object; what no process could unpack raises as `pickle` has it.

    >>> from greeks.expressions.node import ONE, symbol
    >>> x = symbol("x")
    >>> unpacked(packed({x: x + ONE}))[x] is x + ONE
    True
    """
    into = BytesIO()
    packer = _Packer(into, pickle.HIGHEST_PROTOCOL)
    packer.dump(value)
    return pickle.dumps((packer.nodes, into.getvalue()), pickle.HIGHEST_PROTOCOL)


def unpacked(data: bytes) -> Any:
    """The object again, its expressions those of this process."""
    nodes, rest = _Unpacker(BytesIO(data), ()).load()
    made: list[Expr] = []
    for op, arguments, payload, size in nodes:
        made.append(node(op, *[made[k] for k in arguments], payload=payload, size=size))
    return _Unpacker(BytesIO(rest), made).load()


@final
class _Packer(pickle.Pickler):
    """Writes an expression as its place in `nodes`, which has its arguments before it."""

    def __init__(self, into: BytesIO, protocol: int) -> None:
        super().__init__(into, protocol)
        self.nodes: list[tuple[str, tuple[int, ...], Any, int]] = []
        self.places: dict[Expr, int] = {}

    def persistent_id(self, value: object) -> int | None:
        if not isinstance(value, Expr):
            return None
        for e in postorder([value], stop=self.places):
            if e not in self.places:
                self.nodes.append((e.op, tuple(self.places[a] for a in e.args), e.payload, e.size))
                self.places[e] = len(self.places)
        return self.places[value]


@final
class _Unpacker(pickle.Unpickler):
    """Reads nothing but objects of the classes it trusts: a name that is only to be found in a module is not one."""

    def __init__(self, source: BytesIO, expressions: Sequence[Expr]) -> None:
        super().__init__(source)
        self.expressions = expressions

    def persistent_load(self, place: int) -> Expr:
        return self.expressions[place]

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in TRUSTED and module.partition(".")[0] != PACKAGE:
            raise pickle.UnpicklingError(f"{module}.{name} is not of this package")
        found = super().find_class(module, name)
        if (module, name) not in TRUSTED and not (isinstance(found, type) and found.__module__ == module):
            raise pickle.UnpicklingError(f"{module}.{name} is not of this package")
        return found
