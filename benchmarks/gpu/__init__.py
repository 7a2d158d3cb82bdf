"""How fast is it on a device, and against whom? `python -m benchmarks.gpu` measures, and writes RESULTS.md."""
