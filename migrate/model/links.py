"""What the `to` and `via` of a link say, where one kind of link carries more than one fact."""

from __future__ import annotations

PROVIDES = "provides"
"""`Link.via` of a binding that the file offers, rather than needs: `module:pkg._C`, `ops:ns::op`, `function:f`."""

MODULE, OPS, FUNCTION, LIBRARY = "module:", "ops:", "function:", "lib:"
"""What begins the `to` of a binding: a Python module, operators of a library of PyTorch's, a C++ function, a shared
library that is loaded by name."""

BACKEND = "backend"
"""`Link.via` of a binding whose `to` names the target that the whole file is written for."""

HIPIFIED = "hipified"
"""`Link.via` of a binding whose `to` names an extension (or, with a glob, files) that PyTorch translates to HIP when it
builds for ROCm."""

COMPILED = "compiled"
"""`Link.via` of a binding whose `to` names a target whose build compiles the file too: it has conditions that ask."""

APART = "apart:"
"""Begins the `Link.via` of a binding whose `to` is an include path that builds for the target named behind it leave
out: they have a branch of their own there."""

SHIM = "shim:"
"""Begins the `Link.via` of a binding whose `to` is a CUDA name that the file gives a meaning on the target named
behind it. A name that ends in `::` stands for all of its namespace."""

ASKS = "asks:"
"""Begins the `Link.via` of a binding whose `to` is a function or variable of the file that tells whether the target
named behind it is there."""

PENDING = "?"
"""Begins an entry of `Use.guarded_by` that names a test of another file; what that file says of it decides."""

FACTS = (APART, BACKEND, COMPILED, HIPIFIED, SHIM, ASKS)
"""Beginnings of the `via` of bindings that state a fact and lead nowhere."""
