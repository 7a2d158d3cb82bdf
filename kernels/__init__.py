"""Compiled simulation: program text in, moments of its outputs out. The only user of Numba.

`compile.load` turns the text of a program into machine code, `cpu.run` and `cuda.run` simulate it, `backends`
says which of the two this machine offers. The library (`philox`, `normal`, `functions`, `lanes`, `reduction`)
is plain scalar Python that is read as *text* and pasted into every program, so both backends compile the
same lines. Importing this package does not import Numba.
"""
