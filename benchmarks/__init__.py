"""Speed and accuracy against hand-written NumPy and Numba, JAX, PyTorch and QuantLib."""
