"""Launches of kernels from Python: whose kernel it is, and what is no launch."""

from __future__ import annotations

import textwrap

import pytest

from migrate import rulebook
from migrate.languages.python import PythonFrontEnd
from migrate.model import Confidence, KernelFacts, LinkKind, Role, SourceFile, Use, UseKind
from migrate.scan import FileReport, read

BOOK = rulebook.shipped()


def report(text: str) -> FileReport:
    """Read a file both ways; the fast path must see what a full parse sees."""
    file = SourceFile(path="pkg/module.py", language="python", content="", lines=0, code_lines=0, role=Role.OWNED)
    fast, whole = (
        read(file, textwrap.dedent(text), BOOK, extract=PythonFrontEnd(exhaustive=exhaustive).extract)
        for exhaustive in (False, True)
    )
    assert fast == whole
    return fast


def launches(text: str) -> list[Use]:
    return [one.use for one in report(text).sightings if one.use.kind == UseKind.LAUNCH]


TRITON = "import triton\n@triton.jit\ndef scale(x, BLOCK):\n    pass\n"
NUMBA = "from numba import cuda\n@cuda.jit\ndef scale(x):\n    x[cuda.grid(1)] *= 2\n"
CUPY = "import cupy as cp\nscale = cp.RawKernel(source, 'scale_float')\n"
PYCUDA = "from pycuda.compiler import SourceModule\nscale = SourceModule(source).get_function('scale_float')\n"


@pytest.mark.parametrize(
    ("text", "name", "args"),
    [
        (
            f"{TRITON}scale[(n, 2)](x, BLOCK=64, num_warps=8)\n",
            "triton.jit",
            {"kernel": "scale", "grid": "(n, 2)", "num_warps": "8"},
        ),
        (f"{TRITON}def run(x):\n    scale[lambda meta: (8,)](x)\n", "triton.jit", {"grid": "lambda meta: (8,)"}),
        (f"{NUMBA}scale[32, 128](x)\n", "numba.cuda.jit", {"grid": "32", "block": "128"}),
        (
            f"{NUMBA}scale[32, 128, stream, 512](x)\n",
            "numba.cuda.jit",
            {"grid": "32", "block": "128", "stream": "stream", "shared": "512"},
        ),
        (f"{NUMBA}scale.forall(n)(x)\n", "numba.cuda.jit", {"kernel": "scale"}),
        (f"{CUPY}scale((32,), (128,), (x, n))\n", "cupy.RawKernel", {"grid": "(32,)", "block": "(128,)"}),
        (
            f"{CUPY}scale(grid=(32,), block=(128,), args=(x, n), shared_mem=64)\n",
            "cupy.RawKernel",
            {"grid": "(32,)", "block": "(128,)", "shared": "64"},
        ),
        (f"{PYCUDA}scale(x, block=(128, 1, 1))\n", "pycuda.driver.Function", {"block": "(128, 1, 1)"}),
        (f"{PYCUDA}scale.prepare('P')\nscale.prepared_call((2, 1), (8, 1, 1), x)\n", "pycuda.driver.Function", {}),
        (f"{PYCUDA}run = scale.prepare('P').prepared_call\nrun((2, 1), (8, 1, 1), x)\n", "pycuda.driver.Function", {}),
        ("import cupy\nfrom .kernels import scale\nscale[grid](x)\n", "<<<>>>", {"grid": "grid"}),
        ("import cupy\nself.scale(x, grid=(2, 1), block=(8, 1, 1))\n", "<<<>>>", {"kernel": "scale"}),
        ("from cutlass import cute\nscale(x).launch(grid=[2, 1, 1], block=[8, 1, 1])\n", "<<<>>>", {"kernel": "scale"}),
    ],
)
def test_launches(text: str, name: str, args: dict[str, str]) -> None:
    (use,) = launches(text)
    assert use.name == name
    assert {key: use.args.get(key) for key in args} == args
    assert use.symbol == use.args["kernel"]
    assert use.confidence == (Confidence.MEDIUM if name == "<<<>>>" else Confidence.HIGH)


@pytest.mark.parametrize(
    "text",
    [
        "import triton\nfrom .kernels import scale\nscale[grid](x)\n",
        "import torch\nfrom .kernels import scale\ntorch.cuda.synchronize()\nscale[n,](x, num_warps=4)\n",
    ],
)
def test_a_kernel_from_elsewhere_whose_launch_is_triton_s(text: str) -> None:
    (use,) = launches(text)
    assert (use.name, use.symbol, use.confidence) == ("triton.jit", "scale", Confidence.MEDIUM)


@pytest.mark.parametrize(
    "text",
    [
        f"{TRITON}handlers[kind](event)\n",
        f"{TRITON}@triton.jit\ndef outer(x):\n    scale(x, 64)\n",
        "import torch\ntables[torch.cuda.current_device()](x)\n",
        "import torch\nlayers[index](torch.zeros(1, device='cuda'))\n",
        "handlers[grid](event)\n",
        "import cupy\nchart.show(block=False)\nchart.axis(grid=True)\n",
        f"{CUPY}name = scale.attributes\n",
        "import numpy as np\nimport cupy\nnp.histogram[grid](x)\ncupy.asarray(x, grid=1, block=2)\n",
    ],
)
def test_what_is_no_launch(text: str) -> None:
    assert [use.text for use in launches(text) if use.args["kernel"] != "histogram"] == []


def test_a_raw_kernel_that_is_called_is_no_kernel_of_its_own() -> None:
    found = [(one.rule, one.use.symbol) for one in report(f"{CUPY}scale((1,), (32,), (x,))\n").sightings]
    assert found == [
        ("package-import", ""),
        ("python-gpu-cupy-kernel", "scale_float"),
        ("python-gpu-launch", "scale"),
    ]


@pytest.mark.parametrize("form", ["cuda.jit(double)", "cuda.jit('void(float32[:])')(double)"])
def test_a_function_that_a_call_makes_a_kernel(form: str) -> None:
    text = f"""
        from numba import cuda

        def double(x):
            x[cuda.grid(1)] *= 2

        kernel = {form}
        kernel[32, 128](x)
        """
    kernels = [one.use for one in report(text).sightings if one.use.kind == UseKind.KERNEL]
    assert [(use.name, use.symbol, use.span.line) for use in kernels] == [("numba.cuda.jit", "double", 4)]
    assert [(use.name, use.symbol) for use in launches(text)] == [("numba.cuda.jit", "kernel")]


def test_a_kernel_begins_with_the_decorator_that_makes_it() -> None:
    text = """
        import triton

        @other
        @triton.autotune(configs=[], key=[])
        @ triton.jit(
            debug=True
        )
        def scale(x):
            pass
        """
    (use,) = (one.use for one in report(text).sightings if one.use.kind == UseKind.KERNEL)
    assert (use.symbol, use.span.line, use.span.column, use.span.end_line) == ("scale", 6, 1, 10)
    assert use.text.startswith("@ triton.jit(")
    assert use.kernel is not None
    assert use.kernel.code_lines == 2


MADE = '''
import cupy
from tools import make

def run(x):
    kernel = make(
        """
        (const {0}* x, int n) {
            int i = threadIdx.x;
            if (i < n) atomicAdd(x + i, 1);
        }
        """,
        (x.dtype,),
        "count_up",
    )
    kernel((1,), (32,), (x, 32))
'''


def test_a_kernel_whose_head_the_program_writes() -> None:
    found = report(MADE)
    (use,) = (one.use for one in found.sightings if one.use.kind == UseKind.KERNEL)
    assert (use.symbol, use.span.line, use.confidence) == ("count_up", 7, Confidence.MEDIUM)
    assert use.kernel == KernelFacts(language="cuda", code_lines=4, features={"atomic": 1})
    assert [(use.name, use.symbol, use.span.line) for use in launches(MADE)] == [("<<<>>>", "kernel", 16)]
    assert "count_up" in [link.to for link in found.links if link.kind == LinkKind.LAUNCH]


@pytest.mark.parametrize(
    "value", ["(float* x) { x[0] = 1; }", "see (threadIdx.x) {", "threadIdx.x + blockIdx.x", "(threadIdx.x"]
)
def test_what_is_no_kernel_without_a_head(value: str) -> None:
    text = f"import cupy\nkernel = make('{value}', 'name')\n"
    assert [one for one in report(text).sightings if one.use.kind == UseKind.KERNEL] == []


def test_methods_of_what_an_object_holds() -> None:
    text = """
        import pycuda.driver as drv

        class Worker:
            def start(self):
                self.device = drv.Device(0)
                self.context = self.device.make_context()
                self.other = Other()

            def stop(self):
                self.context.pop()
                self.other.pop()
        """
    assert [(one.use.name, one.use.span.line) for one in report(text).sightings[1:]] == [
        ("pycuda.driver.Device", 6),
        ("pycuda.driver.Device.make_context", 7),
        ("pycuda.driver.Context.pop", 11),
    ]


def test_hostile_launches_take_linear_time() -> None:
    parts = (
        f"import triton\n{'kernel[grid](x)' * 1}\n" + "k[" * 80 + "0" + "](x)" * 80,
        "import cupy\nmake('(" + "{0}" * 100_000 + "threadIdx.')\n",
        "import cupy\n" + "self.a = f(self.a)\n" * 20_000,
        TRITON + "scale[grid](x)\n" * 20_000,
    )
    file = SourceFile(path="x.py", language="python", content="", lines=0, code_lines=0, role=Role.OWNED)
    for text in parts:
        read(file, text, BOOK)
