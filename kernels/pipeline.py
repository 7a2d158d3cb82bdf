"""The way of our functions through Numba: arithmetic in loops needs few of its passes.

Numba's own pipeline looks for closures, array expressions, branches that are dead and variables of several types.
Ours have none of these, yet each pass goes over all statements; and the type of every single product is looked
for among all that products can be. Without both a program compiles in half to three quarters of the time, and the
code that all programs share in four fifths.
"""

from __future__ import annotations

from typing import Any

from numba.core.compiler import CompilerBase, DefaultPassBuilder
from numba.core.compiler_machinery import PassManager, register_pass
from numba.core.typed_passes import NopythonTypeInference
from numba.core.types import Function
from numba.core.untyped_passes import FixupArgs, IRProcessing, TranslateByteCode


class Remembering:
    """A typing context that looks up each call of an operator or intrinsic on given types once."""

    def __init__(self, context: Any) -> None:
        self._context = context
        self._found: dict[Any, Any] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._context, name)

    def resolve_function_type(self, function: Any, args: Any, kws: Any) -> Any:
        """The signature by which `function` takes these types."""
        if kws or not isinstance(function, Function):
            return self._context.resolve_function_type(function, args, kws)
        key = (function, tuple(args))
        if key not in self._found:
            self._found[key] = self._context.resolve_function_type(function, args, kws)
        return self._found[key]


@register_pass(mutates_CFG=True, analysis_only=False)
class RememberingTypeInference(NopythonTypeInference):
    """Numba's type inference over a context that remembers."""

    _name = "greeks_type_inference"

    def run_pass(self, state: Any) -> Any:
        """Infer all types."""
        context = state.typingctx
        state.typingctx = Remembering(context)
        try:
            return super().run_pass(state)
        finally:
            state.typingctx = context


class ShortCompiler(CompilerBase):
    """Bytecode, types, machine code."""

    def define_pipelines(self) -> list[PassManager]:
        """The only pipeline."""
        manager = PassManager("greeks")
        manager.add_pass(TranslateByteCode, "analyzing bytecode")
        manager.add_pass(FixupArgs, "fix up args")
        manager.add_pass(IRProcessing, "processing IR")
        manager.add_pass(RememberingTypeInference, "type inference")
        manager.passes += DefaultPassBuilder.define_nopython_lowering_pipeline(self.state).passes
        manager.finalize()
        return [manager]
