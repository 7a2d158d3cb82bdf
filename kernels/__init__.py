"""Compiled simulation: program text in, moments of its outputs out. The only user of Numba.

`compile.load` turns the text of a program into machine code, `cpu.run` and `cuda.run` simulate it, `backends`
says which of the two this machine offers. The library (`philox`, `normal`, `functions`, `lanes`, `reduction`)
is plain scalar Python that is read as *text*, so both backends compile the same lines; on the CPU what programs
share is compiled once a machine (`foundation`). Importing this package does not import Numba.
"""
