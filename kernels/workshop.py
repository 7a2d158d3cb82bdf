"""Where sources become object files: the decorators that they use, and what these made."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from numba import njit, types

from . import linking, modules
from .calling import external, reader
from .intrinsics import OPTIONS, PRIVATE, Function
from .objects import Linked, Made

# Symbols that every process has.
KNOWN = {linking.RELEASE, "memset", "memcpy", "memmove", "sqrt", "fma", "floor", "ceil"}
KINDS = {types.float64: "float64", types.int64: "int64"}


class Workshop:
    """One compilation: `codes` are the object files, `functions` what they are in this process, in order."""

    def __init__(self, key: str) -> None:
        self.key = key
        self.codes: dict[Made, bytes] = {}
        self.functions: dict[str, Linked] = {}
        self.dispatchers: dict[str, Any] = {}

    def compile(self, source: str, names: Mapping[str, Any]) -> None:
        """Execute a source, whose decorators compile its functions at once, each for its signature."""
        decorators = {"entry": self.entry, "routine": self.routine, "shared": self.shared, "scalar": self.scalar}
        modules.execute(source, self.key, None, {**names, **decorators})

    def routine(self, signature: Any) -> Callable[[Function], int]:
        """A function that compiled code calls by its address."""
        return lambda function: self._make(function, signature).address

    def scalar(self, signature: Any) -> Callable[[Function], int]:
        """A function of numbers that Python calls."""
        kinds = " ".join(KINDS[argument] for argument in signature.args)
        return lambda function: self._make(function, signature, kinds=kinds).address

    def entry(self, signature: Any) -> Callable[[Function], int]:
        """A function that Python calls: in machine code it takes the address of its arguments."""
        kinds = " ".join(kind_of(argument) for argument in signature.args)
        return lambda function: self._make(unpacking(function, signature), PACKED, kinds=kinds).address

    def shared(self, signature: Any) -> Callable[[Function], Any]:
        """A function under a symbol of its own; what it becomes is a call of that symbol, in any later source."""

        def compiled(function: Function) -> Any:
            return external(self._make(function, signature, public=self.symbol(function)).made.public, signature)

        return compiled

    def symbol(self, function: Function) -> str:
        """What other object files call a shared function."""
        return f"greeks_{function.__name__}_{self.key}"

    def _make(self, function: Function, signature: Any, *, public: str = "", kinds: str = "", **how: Any) -> Linked:
        dispatcher = self.dispatchers[function.__name__] = njit(signature, **how, **PRIVATE, **OPTIONS)(function)
        (compiled,) = dispatcher.overloads.values()
        made = Made(function.__name__, compiled.fndesc.llvm_func_name, public, kinds)
        compiled.library.get_pointer_to_function(made.symbol)
        refuse_strangers(compiled.library)
        self.codes[made] = compiled.library._get_compiled_object()
        linked = self.functions[made.name] = Linked(made, made.linked(self.codes[made]))
        return linked


def refuse_strangers(library: Any) -> None:
    """Raise LookupError for a symbol that a process without Numba may lack: code that needs it could not be linked."""
    open_ = {f.name for f in library._final_module.functions if f.is_declaration and not f.name.startswith("llvm.")}
    strangers = {name for name in open_ if name not in KNOWN and not name.startswith("greeks_")}
    if strangers:
        raise LookupError(
            f"compiled code refers to {', '.join(sorted(strangers))}: expected nothing of Numba's runtime"
        )


PACKED = types.void(types.int64)


def unpacking(function: Function, signature: Any) -> Function:
    """The function of one address that reads the arguments there, and calls `function` with them."""
    read, at = [], 0
    for argument in signature.args:
        read.append(f"{kind_of(argument)}(at, {at})")
        at += 1 + getattr(argument, "ndim", 0)
    name = function.__name__
    space: dict[str, Any] = {kind_of(argument): reader(argument) for argument in signature.args}
    space |= {"called": njit(**PRIVATE, **OPTIONS)(function), "__name__": function.__module__}
    exec(f"def {name}(at):\n    called({', '.join(read)})", space)
    found: Function = space[name]
    return found


def kind_of(argument: Any) -> str:
    """The kind of an argument: i or f, and its dimensions."""
    number = getattr(argument, "dtype", argument)
    return f"{'f' if number == types.float64 else 'i'}{getattr(argument, 'ndim', 0)}"
