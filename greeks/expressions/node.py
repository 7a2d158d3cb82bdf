"""Symbolic expressions: immutable, hash-consed, scalar or vector.

User code is called once with `Expr` in place of numbers. Equal expressions are the same object, so a graph is never
larger than its distinct parts, and identity is structural equality.
"""

from __future__ import annotations

import hashlib
import math
import threading
import weakref
from collections.abc import Callable, Iterator, Mapping
from statistics import NormalDist
from typing import Any, Final, Never

COMMUTATIVE: Final = frozenset({"add", "mul", "max", "min"})
BOOLEAN: Final = frozenset({"lt", "le", "and", "or", "not"})

_pool: weakref.WeakValueDictionary[tuple[Any, ...], Expr] = weakref.WeakValueDictionary()
_lock = threading.Lock()


class Expr:
    """A node: an operation on other nodes, a constant, or a symbol.

    `size` is 0 for a scalar and n for a vector of n elements; `payload` is a constant's value, a symbol's name, or
    whatever else tells two nodes of one operation apart.
    """

    __slots__ = ("__weakref__", "args", "digest", "op", "payload", "size")
    op: str
    args: tuple[Expr, ...]
    payload: Any
    size: int
    digest: bytes
    __array_priority__ = 1000.0  # numpy scalars hand the operation over to us

    def __repr__(self) -> str:
        return shown(self)

    __hash__ = object.__hash__

    def __reduce__(self) -> Never:
        raise TypeError("a traced value is one of its process: pack it with greeks.expressions.packing")

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Expr):
            return self is other
        raise TypeError("a traced value cannot be tested with ==; compare with < or > inside where()")

    def __bool__(self) -> Never:
        raise TypeError(
            "the truth of a traced value is not known: `if`, `and`, `or`, `min` and `max` cannot be used on it; "
            "write greeks.where(condition, a, b), or greeks.maximum / greeks.minimum"
        )

    def __float__(self) -> Never:
        raise TypeError("a traced value has no number yet; use greeks.exp, greeks.log, ... instead of math or numpy")

    def __array__(self, *_: Any, **__: Any) -> Never:
        raise TypeError("a traced value cannot enter numpy; use greeks.exp, greeks.maximum, greeks.where, ...")

    __array_ufunc__ = None

    def __index__(self) -> Never:
        raise TypeError("a traced value cannot count or index; what shapes a loop must be a string, a flag or `dates`")

    # arithmetic -----------------------------------------------------------------------------------------------
    def __add__(self, other: Operand) -> Expr:
        return add(self, wrap(other))

    def __radd__(self, other: Operand) -> Expr:
        return add(wrap(other), self)

    def __sub__(self, other: Operand) -> Expr:
        return sub(self, wrap(other))

    def __rsub__(self, other: Operand) -> Expr:
        return sub(wrap(other), self)

    def __mul__(self, other: Operand) -> Expr:
        return mul(self, wrap(other))

    def __rmul__(self, other: Operand) -> Expr:
        return mul(wrap(other), self)

    def __truediv__(self, other: Operand) -> Expr:
        return div(self, wrap(other))

    def __rtruediv__(self, other: Operand) -> Expr:
        return div(wrap(other), self)

    def __neg__(self) -> Expr:
        return neg(self)

    def __pos__(self) -> Expr:
        return self

    def __pow__(self, other: Operand) -> Expr:
        return power(self, wrap(other))

    def __rpow__(self, other: Operand) -> Expr:
        return power(wrap(other), self)

    # conditions -----------------------------------------------------------------------------------------------
    def __lt__(self, other: Operand) -> Expr:
        return compare("lt", self, wrap(other))

    def __le__(self, other: Operand) -> Expr:
        return compare("le", self, wrap(other))

    def __gt__(self, other: Operand) -> Expr:
        return compare("lt", wrap(other), self)

    def __ge__(self, other: Operand) -> Expr:
        return compare("le", wrap(other), self)

    def __and__(self, other: Expr) -> Expr:
        return logical("and", self, other)

    def __or__(self, other: Expr) -> Expr:
        return logical("or", self, other)

    def __invert__(self) -> Expr:
        return logical("not", self)

    # vectors --------------------------------------------------------------------------------------------------
    def __len__(self) -> int:
        if not self.size:
            raise TypeError(f"{self!r} is a scalar, it has no length")
        return self.size

    def __getitem__(self, k: int) -> Expr:
        if not self.size or not -self.size <= k < self.size:
            raise IndexError(f"element {k} of {self!r}, which has {self.size or 'no'} elements")
        return index(self, k % self.size)

    def __iter__(self) -> Iterator[Expr]:
        return (index(self, k) for k in range(len(self)))


Operand = Expr | float


def node(op: str, *args: Expr, payload: Any = None, size: int | None = None) -> Expr:
    """The one node with these parts."""
    if size is None:
        size = common_size(op, args)
    if op in COMMUTATIVE and args[1].digest < args[0].digest:
        args = (args[1], args[0])
    key = (op, tuple(map(id, args)), payload, size)
    with _lock:
        found = _pool.get(key)
        if found is None:
            found = Expr.__new__(Expr)
            found.op, found.args, found.payload, found.size = op, args, payload, size
            found.digest = _digest(op, args, payload, size)
            _pool[key] = found
    return found


def _digest(op: str, args: tuple[Expr, ...], payload: Any, size: int) -> bytes:
    text = f"{op}|{payload!r}|{size}|".encode() + b"".join(a.digest for a in args)
    return hashlib.blake2b(text, digest_size=12).digest()


def common_size(op: str, args: tuple[Expr, ...]) -> int:
    sizes = {a.size for a in args if a.size}
    if len(sizes) > 1:
        raise TypeError(f"{op} of vectors of different lengths {sorted(sizes)}")
    return sizes.pop() if sizes else 0


def const(value: float) -> Expr:
    return node("const", payload=float(value) + 0.0, size=0)  # + 0.0 turns -0.0 into 0.0


def symbol(name: str, size: int = 0) -> Expr:
    return node("symbol", payload=name, size=size)


ZERO: Final = const(0.0)
ONE: Final = const(1.0)


def wrap(value: object) -> Expr:
    """`value` as an expression; numbers become constants."""
    if isinstance(value, Expr):
        return value
    if getattr(value, "shape", ()) != ():
        raise TypeError(
            "a traced value meets an array: make the numbers a vector parameter of the model or payoff, "
            "or write greeks.total over a traced vector"
        )
    if isinstance(value, bool) or not hasattr(value, "__float__"):
        raise TypeError(f"{value!r} of type {type(value).__name__} in a traced formula: expected a number")
    return const(float(value))


def is_const(e: Expr, value: float | None = None) -> bool:
    return e.op == "const" and (value is None or e.payload == value)


def add(a: Expr, b: Expr) -> Expr:
    if is_const(a, 0.0) and (b.size or not a.size):
        return b
    if is_const(b, 0.0):
        return a
    if is_const(a) and is_const(b):
        return const(a.payload + b.payload)
    if b.op == "neg":
        return sub(a, b.args[0])
    if a.op == "neg":
        return sub(b, a.args[0])
    return node("add", a, b)


def sub(a: Expr, b: Expr) -> Expr:
    if a is b:
        return ZERO
    if is_const(b, 0.0):
        return a
    if is_const(a, 0.0):
        return neg(b)
    if is_const(a) and is_const(b):
        return const(a.payload - b.payload)
    if b.op == "neg":
        return add(a, b.args[0])
    return node("sub", a, b)


def neg(a: Expr) -> Expr:
    if is_const(a):
        return const(-a.payload)
    if a.op == "neg":
        return a.args[0]
    if a.op == "sub":
        return sub(a.args[1], a.args[0])
    return node("neg", a)


def mul(a: Expr, b: Expr) -> Expr:
    if is_const(b) and not is_const(a):
        a, b = b, a
    if is_const(a):
        if is_const(b):
            return const(a.payload * b.payload)
        if a.payload == 0.0:
            return ZERO
        if a.payload == 1.0:
            return b
        if a.payload == -1.0:
            return neg(b)
        if b.op == "mul" and is_const(b.args[0]):
            return mul(const(a.payload * b.args[0].payload), b.args[1])
        if b.op == "mul" and is_const(b.args[1]):
            return mul(const(a.payload * b.args[1].payload), b.args[0])
    if a.op == "neg":
        return neg(mul(a.args[0], b))
    if b.op == "neg":
        return neg(mul(a, b.args[0]))
    if a is b and _has_root(a):
        return _square(a)
    for one, other in ((a, b), (b, a)):
        if one.op == "spread" and is_const(one.args[0], 0.0) and one.size >= other.size:
            return one
    return node("mul", a, b)


def _has_root(a: Expr) -> bool:
    return a.op == "sqrt" or (a.op == "mul" and any(map(_has_root, a.args)))


def _square(a: Expr) -> Expr:
    """a * a with the square roots of a product cancelled."""
    if a.op == "sqrt":
        return a.args[0]
    if a.op == "mul" and _has_root(a):
        return mul(_square(a.args[0]), _square(a.args[1]))
    return mul(a, a)


def div(a: Expr, b: Expr) -> Expr:
    if is_const(a, 0.0):
        return ZERO
    if is_const(b):
        return mul(a, const(1.0 / b.payload)) if b.payload else node("div", a, b)
    if a is b:
        return ONE
    if a.op == "neg":
        return neg(div(a.args[0], b))
    if a.op == "mul" and b in a.args:
        return a.args[1] if a.args[0] is b else a.args[0]
    return node("div", a, b)


def power(a: Expr, b: Expr) -> Expr:
    """a ** b for a >= 0 (any a when b is a small whole number)."""
    if is_const(b):
        exponent = b.payload
        if is_const(a):
            return const(a.payload**exponent)
        if exponent in (0.0, 1.0, 2.0, 3.0, 4.0):
            return _whole_power(a, int(exponent))
        if exponent == 0.5:
            return unary("sqrt", a)
        if exponent < 0.0:
            return div(ONE, power(a, const(-exponent)))
    if is_const(a, 0.0):
        return ZERO
    return node("power", a, b)


def _whole_power(a: Expr, n: int) -> Expr:
    if n == 0:
        return ONE
    half = _whole_power(a, n // 2)
    squared = mul(half, half)
    return mul(squared, a) if n % 2 else squared


_FOLD: Final[dict[str, Callable[[float], float]]] = {
    "exp": math.exp,
    "log": math.log,
    "sqrt": math.sqrt,
    "abs": abs,
    "tanh": math.tanh,
    "sin": math.sin,
    "cos": math.cos,
    "normal_cdf": lambda x: 0.5 * math.erfc(-x / math.sqrt(2.0)),
    "normal_pdf": lambda x: math.exp(-0.5 * x * x) / math.sqrt(2.0 * math.pi),
    "normal_quantile": NormalDist().inv_cdf,
}
_INVERSE: Final = {"exp": "log", "log": "exp", "normal_quantile": "normal_cdf"}


def unary(op: str, a: Expr) -> Expr:
    if is_const(a) and not (op in ("log", "sqrt", "normal_quantile") and a.payload <= 0.0):
        return const(_FOLD[op](a.payload))
    if op == "sqrt" and is_const(a, 0.0):
        return ZERO
    if op == "sqrt" and a.op == "mul" and a.args[0] is a.args[1]:
        return unary("abs", a.args[0])
    if _INVERSE.get(op) == a.op:
        return a.args[0]
    if op == "log" and a.op == "power":
        return mul(a.args[1], unary("log", a.args[0]))
    return node(op, a)


def exprel(order: int, a: Expr) -> Expr:
    """integral over s in (0, 1) of s^order exp(s a)."""
    return const(1.0 / (order + 1)) if is_const(a, 0.0) else node("exprel", a, payload=order)


def extremum(op: str, a: Expr, b: Expr) -> Expr:
    if a is b:
        return a
    if is_const(a) and is_const(b):
        return const((max if op == "max" else min)(a.payload, b.payload))
    return node(op, a, b)


def compare(op: str, a: Expr, b: Expr) -> Expr:
    return node(op, a, b)


def logical(op: str, *args: Expr) -> Expr:
    for a in args:
        if not isinstance(a, Expr) or a.op not in BOOLEAN:
            raise TypeError(f"`{op}` joins conditions such as x > 1; got {a!r}")
    return node(op, *args)


def where(condition: Expr, a: Expr, b: Expr, joint: str | None = None) -> Expr:
    """a where the condition holds, else b.

    joint : None, a jump for all we know; "continuous", declared to agree where the condition turns; "guard", a
        value kept from being computed where it is not used, so that the condition is no joint at all.
    """
    if condition.op not in BOOLEAN:
        raise TypeError(f"where() needs a condition such as x > 1 first; got {condition!r}")
    if a is b:
        return a
    return node("where", condition, a, b, payload=joint)


def total(v: Expr) -> Expr:
    """Sum of a vector's elements."""
    if v.op == "spread":
        return mul(const(float(v.size)), v.args[0])
    return node("sum", v, size=0) if v.size else v


def index(v: Expr, k: int) -> Expr:
    if v.op == "onehot":
        return v.args[0] if v.payload[0] == k else ZERO
    if not v.size:
        return v  # a broadcast scalar
    return node("index", v, payload=k, size=0)


def onehot(k: int, size: int, value: Expr = ONE) -> Expr:
    """The vector with `value` at k and 0 elsewhere."""
    return ZERO if is_const(value, 0.0) else node("onehot", value, payload=(k, size), size=size)


def matvec(matrix: Expr, v: Expr) -> Expr:
    """Matrix times vector; `matrix` is a symbol of n * n entries."""
    return ZERO if is_const(v, 0.0) else node("matvec", matrix, v, size=v.size)


def pick(op: str, v: Expr) -> Expr:
    """The largest or smallest element of a vector."""
    return node(op, v, size=0) if v.size else v


def rebuild(e: Expr, args: tuple[Expr, ...]) -> Expr:
    """The same operation on other arguments, simplified again."""
    if e.op in _BUILDERS:
        return _BUILDERS[e.op](*args)
    if e.op in _FOLD:
        return unary(e.op, *args)
    if e.op in ("max", "min"):
        return extremum(e.op, *args)
    if e.op == "where":
        return where(args[0], args[1], args[2], joint=e.payload)
    if e.op == "index":
        return index(args[0], e.payload)
    if e.op == "onehot":
        return onehot(e.payload[0], e.payload[1], args[0])
    if e.op == "exprel":
        return exprel(e.payload, args[0])
    return node(e.op, *args, payload=e.payload, size=e.size)


_BUILDERS: Final[dict[str, Callable[..., Expr]]] = {
    "add": add,
    "sub": sub,
    "mul": mul,
    "div": div,
    "neg": neg,
    "power": power,
    "sum": total,
}


def substitute(e: Expr, replace: Mapping[Expr, Expr], memo: dict[Expr, Expr] | None = None) -> Expr:
    """`e` with every key of `replace` exchanged for its value."""
    memo = dict(replace) if memo is None else memo
    if e in memo:
        return memo[e]
    for part in postorder([e], stop=memo):
        if part not in memo:
            args = tuple([memo[a] for a in part.args])
            memo[part] = part if args == part.args else rebuild(part, args)
    return memo[e]


def postorder(roots: list[Expr], stop: Mapping[Expr, Any] | None = None) -> list[Expr]:
    """Every node below the roots, arguments before users; nodes in `stop` are listed but not entered."""
    seen: set[Expr] = set()
    order: list[Expr] = []
    stack: list[Any] = [*reversed(roots)]  # None: the arguments of the node below it are done
    pop, enter, leave = stack.pop, seen.add, order.append
    while stack:
        e = pop()
        if e is None:
            leave(pop())
        elif e not in seen:
            enter(e)
            args = e.args
            if not args or (stop is not None and e in stop):
                leave(e)
            else:
                stack += (e, None, *args[::-1])
    return order


_SIGNS: Final = {"add": "+", "sub": "-", "mul": "*", "div": "/", "lt": "<", "le": "<=", "and": "&", "or": "|"}
_LONGEST: Final = 60  # characters of an expression in a message


def shown(e: Expr, inner: bool = False) -> str:
    """An expression as a person would write it, cut where it grows long."""
    if e.op == "const":
        return f"{e.payload:g}"
    if e.op == "symbol":
        return str(e.payload)
    if e.op in _SIGNS:
        text = f" {_SIGNS[e.op]} ".join(shown(a, inner=True) for a in e.args)
        text = f"({text})" if inner else text
    elif e.op == "neg":
        text = f"-{shown(e.args[0], inner=True)}"
    else:
        text = f"{e.op}({', '.join(shown(a) for a in e.args)})"
    return text if len(text) <= _LONGEST else "(...)"


def symbols(*roots: Expr) -> set[Expr]:
    """The symbols that the expressions use."""
    return {e for e in postorder(list(roots)) if e.op == "symbol"}
