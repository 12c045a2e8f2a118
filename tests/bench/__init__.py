"""Benchmarks: `python -m tests.bench`. Ratios of interleaved pairs, never limits: a machine is not a constant."""
