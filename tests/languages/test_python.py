"""What the Python front end sees, phenomenon by phenomenon, and that its fast path sees the same as a full parse."""

from __future__ import annotations

import ast
import textwrap

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from migrate.languages.python import PythonFrontEnd
from migrate.languages.python_builds import flag
from migrate.languages.python_source import Source, layout
from migrate.model import (
    Confidence,
    Extraction,
    KernelFacts,
    Link,
    LinkKind,
    NameSet,
    Role,
    SkipReason,
    SourceFile,
    Use,
    UseKind,
    Vocabulary,
)


def names(*names: str) -> NameSet:
    return NameSet(
        exact=frozenset(name for name in names if "*" not in name), globs=tuple(name for name in names if "*" in name)
    )


VOCABULARY = Vocabulary(
    anchors=("cuda", "torch", "cupy", "triton", "nccl", "flash_attn", "numba", "NCCL_"),
    names={
        UseKind.CALL: names(
            "torch.cuda.*", ".cuda", ".synchronize", "cupy.*", "numba.cuda.*", "apex.amp.initialize", "*.from_pretrained"
        ),
        UseKind.ATTRIBUTE: names("torch.cuda.*", ".is_cuda", "torch.version.cuda", "torch.backends.cudnn.benchmark"),
        UseKind.IMPORT: names(
            "torch.cuda", "torch.cuda.*", "torch.cuda.amp.autocast", "cupy", "cupy.*", "cupy.cuda.nccl", "flash_attn",
            "triton.language", "triton.backends.*",
        ),
        UseKind.STRING: names("cuda", "cuda:*", "nccl", "*libcudart.so*"),
        UseKind.ENV: names("CUDA_VISIBLE_DEVICES", "NCCL_*"),
        UseKind.FLAG: names("-gencode", "--use_fast_math", "-arch"),
        UseKind.DEPENDENCY: names("flash-attn", "cupy-cuda12x", "triton", "nvidia-nccl-cu12"),
        UseKind.KERNEL: names(
            "triton.jit", "numba.cuda.jit", "cupyx.jit.rawkernel", "cupy.RawKernel", "cupy.RawModule",
            "cupy.ElementwiseKernel", "cupy.ReductionKernel", "pycuda.compiler.SourceModule",
            "torch.utils.cpp_extension.load_inline",
        ),
    },
)  # fmt: skip
FAST, WHOLE = PythonFrontEnd(), PythonFrontEnd(exhaustive=True)


def file(path: str = "pkg/sub/module.py") -> SourceFile:
    return SourceFile(path=path, language="python", content="", lines=0, code_lines=0, role=Role.OWNED)


def extract(text: str, path: str = "pkg/sub/module.py") -> Extraction:
    """Read a snippet both ways; they must agree."""
    text = textwrap.dedent(text)
    fast, whole = FAST.extract(file(path), text, VOCABULARY), WHOLE.extract(file(path), text, VOCABULARY)
    assert fast == whole
    return fast


def uses(text: str, path: str = "pkg/sub/module.py") -> tuple[Use, ...]:
    return extract(text, path).uses


def brief(text: str, path: str = "pkg/sub/module.py") -> list[tuple[str, str, int, int]]:
    return [(use.kind.value, use.name, use.span.line, use.span.column) for use in uses(text, path)]


def one(text: str) -> Use:
    (use,) = uses(text)
    return use


# ----------------------------------------------------------------------------------------------------------- names


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import torch\ntorch.cuda.synchronize()", [("call", "torch.cuda.synchronize", 2, 1)]),
        ("import torch as T\nT.cuda.synchronize()", [("call", "torch.cuda.synchronize", 2, 1)]),
        (
            "from torch import cuda as tc\ntc.empty_cache()",
            [("import", "torch.cuda", 1, 19), ("call", "torch.cuda.empty_cache", 2, 1)],
        ),
        (
            "from torch.cuda.amp import autocast\nwith autocast():\n    pass",
            [("import", "torch.cuda.amp.autocast", 1, 28), ("call", "torch.cuda.amp.autocast", 2, 6)],
        ),
        (
            "def f():\n    import torch.cuda as c\n    return c.Stream()",
            [("import", "torch.cuda", 2, 12), ("call", "torch.cuda.Stream", 3, 12)],
        ),
        ("import torch\ncuda = torch.cuda\ncuda.synchronize()", [("call", "torch.cuda.synchronize", 3, 1)]),
        ("import torch\na = torch.cuda\nb = a\nb.synchronize()", [("call", "torch.cuda.synchronize", 4, 1)]),
        ("import torch\ngetattr(torch, 'cuda').synchronize()", [("call", "torch.cuda.synchronize", 2, 1)]),
        ("def f():\n    torch = _import_torch()\n    torch.cuda.synchronize()", [("call", "torch.cuda.synchronize", 3, 5)]),
        ("torch, nn = try_import_torch()\ntorch.cuda.synchronize()", [("call", "torch.cuda.synchronize", 2, 1)]),
        ("import sys\nxp = sys.modules.get('cupy')\nxp.zeros(3)", [("call", "cupy.zeros", 3, 1)]),
        ("import sys\nsys.modules['torch'].cuda.synchronize()", [("call", "torch.cuda.synchronize", 2, 1)]),
        ("import importlib\nimportlib.import_module('torch').cuda.synchronize()", [("call", "torch.cuda.synchronize", 2, 1)]),
        (
            "from torch.cuda import *\nsynchronize()",
            [("import", "torch.cuda", 1, 24), ("call", "torch.cuda.synchronize", 2, 1)],
        ),
        ("import torch\nif torch.version.cuda.split('.'):\n    pass", [("attribute", "torch.version.cuda", 2, 4)]),
        ("import torch\nclass S(torch.cuda.Stream):\n    pass", [("attribute", "torch.cuda.Stream", 2, 9)]),
        ("import torch\ntorch.backends.cudnn.benchmark = True", [("attribute", "torch.backends.cudnn.benchmark", 2, 1)]),
        (
            "import torch\ntorch.cuda.current_stream().synchronize()",
            [("call", "torch.cuda.current_stream", 2, 1), ("call", ".synchronize", 2, 29)],
        ),
        ("import torch\n@torch.cuda.amp.custom_fwd\ndef f(): pass", [("attribute", "torch.cuda.amp.custom_fwd", 2, 2)]),
        ("from apex import amp\n@amp.initialize\ndef f(): pass", [("call", "apex.amp.initialize", 2, 2)]),
        ("def f(model):\n    return model.cuda()", [("call", ".cuda", 2, 18)]),
        ("y = (\n    Net()\n    .half()\n    .cuda()\n)", [("call", ".cuda", 4, 6)]),
        ("if x.is_cuda:\n    pass", [("attribute", ".is_cuda", 1, 6)]),
        ("from transformers import AutoModel\nAutoModel.from_pretrained('x')", [("call", "transformers.AutoModel.from_pretrained", 2, 1)]),
    ],
)  # fmt: skip
def test_names_are_resolved(text: str, expected: list[tuple[str, str, int, int]]) -> None:
    assert brief(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "import torch\ndef f(torch):\n    torch.cuda.init()",  # a parameter
        "from torch import nn\ndef f():\n    torch = fake()\n    torch.cuda.init()",  # a local
        "import torch\n[torch.cuda.x() for torch in fakes]",
        "import torch\nf = lambda torch: torch.cuda.init()",
        "class torch:\n    pass\ntorch.cuda.init()",
        "from . import torch\ntorch.cuda.init()",  # the package's own
        "import time\ntime.synchronize()",  # a module's function, no method
        "import torch\ns = torch.npu.current_stream()\ns.synchronize()",  # another platform's
        "self.is_cuda = True",
        '"""torch.cuda.synchronize()"""\n# torch.cuda.synchronize()',
        'def f():\n    """Moves to "cuda"."""',
        "x = 'not cuda'",
    ],
)
def test_what_is_no_use(text: str) -> None:
    assert uses(text) == ()


def test_confidence_follows_what_is_known() -> None:
    assert one("import torch\ntorch.cuda.synchronize()").confidence == Confidence.HIGH
    assert one("torch.cuda.synchronize()").confidence == Confidence.MEDIUM  # bound nowhere in the file
    assert one("x.cuda()").confidence == Confidence.MEDIUM
    both = uses("try:\n    import cupy as xp\nexcept ImportError:\n    import numpy as xp\nxp.zeros(3)")
    assert [(use.name, use.confidence) for use in both] == [("cupy", "high"), ("cupy.zeros", "medium")]


def test_a_stand_in_for_a_failed_import_leaves_no_doubt() -> None:
    found = uses("try:\n    import cupy\nexcept ImportError:\n    cupy = None\ncupy.zeros(3)")
    assert [(use.name, use.args, use.confidence) for use in found] == [
        ("cupy", {"optional": "true"}, "high"),
        ("cupy.zeros", {"0": "3"}, "high"),
    ]


def test_an_import_that_must_work_is_not_optional() -> None:
    text = "try:\n    import cupy\nexcept ImportError:\n    raise SystemExit"
    assert one(text).args == {}


def test_one_use_per_import_of_a_package_and_none_for_own_modules() -> None:
    text = "from cupy import (\n    ndarray,\n    cuda as c,\n)\nfrom .cupy import x\nimport cupy.linalg"
    assert brief(text) == [
        ("import", "cupy", 2, 5),
        ("import", "cupy.linalg", 6, 8),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from cupy.linalg import (norm, qr,\n    svd)", ["cupy.linalg"]),
        ("from cupy.cuda import nccl, Stream, Event", ["cupy.cuda.nccl", "cupy.cuda"]),  # another package's module
        ("from torch.cuda.amp import autocast, GradScaler", ["torch.cuda.amp.autocast", "torch.cuda.amp"]),
        ("from triton.backends import nvidia, amd", ["triton.backends.nvidia", "triton.backends.amd"]),
        ("import cupy.fft, cupy.linalg", ["cupy.fft", "cupy.linalg"]),
    ],
)
def test_names_that_no_rule_tells_apart_count_as_their_module(text: str, expected: list[str]) -> None:
    assert [use.name for use in uses(text)] == expected
    searched = WHOLE.extract(file(), f"{text}\nthis is no Python", VOCABULARY)
    assert {use.name for use in searched.uses if use.kind == UseKind.IMPORT} == set(expected)


def test_imports_by_call() -> None:
    text = "import pytest\ncupy = pytest.importorskip('cupy')\ncupy.zeros(3)\nlazy_import('flash_attn.ops')"
    assert [(use.kind, use.name, use.span.line, use.confidence) for use in uses(text)] == [
        ("import", "cupy", 2, "medium"), ("call", "cupy.zeros", 3, "high"), ("import", "flash_attn", 4, "medium"),
    ]  # fmt: skip
    assert ("import", "flash_attn.ops", "", 4) in links(text)


def test_an_unlisted_member_of_a_listed_module_counts_as_the_module_once() -> None:
    assert brief("from flash_attn import a, b") == [("import", "flash_attn", 1, 24)]


def test_arguments_are_source_text() -> None:
    use = one("import torch\ntorch.cuda.Stream(device, *rest, priority=-1, name='x', **more)")
    assert use.args == {"0": "device", "1": "*rest", "priority": "-1", "name": "'x'", "**": "more"}
    assert use.text == "torch.cuda.Stream(device, *rest, priority=-1, name='x', **more)"


def test_long_texts_are_cut() -> None:
    use = one(f"import torch\ntorch.cuda.Stream({'x' * 1000})")
    assert len(use.text) == 400
    assert len(use.args["0"]) == 200


def test_columns_count_characters_and_lines_any_line_end() -> None:
    use = one("import torch\r\ns = 'äöü' + 'é'; torch.cuda.synchronize()\r\n")
    assert (use.span.line, use.span.column, use.span.end_line, use.span.end_column) == (2, 18, 2, 42)
    assert [use.span.line for use in uses("import torch\rtorch.cuda.init()\rtorch.cuda.init()")] == [2, 3]


def test_scope_names_the_definitions_around() -> None:
    text = "class A:\n    def f(self):\n        def g():\n            x.cuda()\n"
    assert one(text).scope == "A.f.g"


# --------------------------------------------------------------------------------------------------------- strings


@pytest.mark.parametrize(
    ("text", "name", "args"),
    [
        ("import torch\ntorch.device('cuda')", "cuda", {"callee": "torch.device", "parameter": "0"}),
        ("x.to(device='cuda')", "cuda", {"callee": ".to", "parameter": "device"}),
        ("f(['cuda'])", "cuda", {"callee": "f", "parameter": "0"}),
        ("f(['cuda', 'half'])", "cuda", {"callee": "f", "parameter": "0", "element": "true"}),
        ("f(devices=['cuda', 'any'])", "cuda", {"callee": "f", "parameter": "devices"}),
        ("def f():\n    return 'cuda', 'MULTI_GPU'", "cuda", {}),
        ("state['nccl'].f()", "nccl", {"subscript": "state"}),
        ("self.times['cuda'] = 1", "cuda", {"subscript": "self.times"}),
        ("if state[f'cuda:{i}'] == 1: pass", "cuda:*", {"subscript": "state"}),
        ("x: Literal['cuda']", "cuda", {}),
        ("f({0: 1}['cuda'])", "cuda", {}),
        ("if 'nccl' in self.state: pass", "nccl", {"compare": "in", "subscript": "self.state"}),
        ("if 'cuda' not in registry: pass", "cuda", {"compare": "in", "subscript": "registry"}),
        ("if 'cuda' in args.device: pass", "cuda", {"compare": "in"}),
        ("if 'cuda' in func_name: pass", "cuda", {"compare": "in"}),
        ("if 'cuda' in ('a', b): pass", "cuda", {"compare": "in"}),
        ("x.to('cuda' if ok else 'cpu')", "cuda", {"callee": ".to", "parameter": "0"}),
        ("if d.type == 'cuda': pass", "cuda", {"compare": "=="}),
        ("if d.type not in ('cpu', 'cuda'): pass", "cuda", {"compare": "in"}),
        ("match d:\n    case 'cuda': pass", "cuda", {"compare": "=="}),
        ("device = 'cuda'", "cuda", {"key": "device"}),
        ("self.cfg.device = 'cuda'", "cuda", {"key": "self.cfg.device"}),
        ("cfg['device'] = 'cuda'", "cuda", {"key": "device"}),
        ("x = {'device': 'cuda'}", "cuda", {"key": "device"}),
        ("def f(device='cuda'): pass", "cuda", {"key": "device"}),
        ("def f(*, device: str = 'cuda'): pass", "cuda", {"key": "device"}),
        ("d = f'cuda:{rank}'", "cuda:*", {"key": "d"}),
        ("d = 'cuda:' + str(rank)", "cuda:*", {"key": "d"}),
        ("d = 'cuda:%d' % rank", "cuda:*", {"key": "d"}),
        ("d = 'cuda:{}'.format(rank)", "cuda:*", {"key": "d"}),
        ("d = 'cuda:0'", "cuda:0", {"key": "d"}),
        ("lib = find('/opt/libcudart.so.12')", "/opt/libcudart.so.12", {"callee": "find", "parameter": "0"}),
    ],
)
def test_strings_tell_what_they_are_for(text: str, name: str, args: dict[str, str]) -> None:
    use = one(text)
    assert (use.kind, use.name, use.args) == (UseKind.STRING, name, args)


@pytest.mark.parametrize(
    ("text", "name", "args", "confidence"),
    [
        ("ARGS = ['-x', 'cuda', source]", "cuda", {"key": "ARGS", "element": "true"}, "low"),
        ("MOVES = {'contiguous', 'cuda', 'half'}", "cuda", {"key": "MOVES", "element": "true"}, "low"),
        ("for part in ('src', ('a', 'cuda')): pass", "cuda", {"element": "true"}, "low"),
        ("KINDS = ['cpu', 'cuda']", "cuda", {"key": "KINDS"}, "high"),
        ("KINDS = ['cuda', 'npu:0']", "cuda", {"key": "KINDS"}, "high"),
        ("CASES = [('cpu', 1), ('cuda', 2)]", "cuda", {"key": "CASES"}, "high"),
        ("self.devices = ['cuda']", "cuda", {"key": "self.devices"}, "high"),
        ("WHERE = ['cuda' if ok else x]", "cuda", {"key": "WHERE"}, "high"),
        ("PLACES = ['cuda:0', x]", "cuda:0", {"key": "PLACES"}, "high"),
        ("LINKS = ['m', 'nccl']", "nccl", {"key": "LINKS", "element": "true"}, "low"),
        ("KINDS = ['gloo', 'nccl']", "nccl", {"key": "KINDS"}, "high"),
        ("ok = d in ['half', 'cuda']", "cuda", {"compare": "in"}, "high"),
    ],
)
def test_an_element_among_plain_words_is_hardly_a_device(
    text: str, name: str, args: dict[str, str], confidence: str
) -> None:
    use = one(text)
    assert (use.name, use.args, use.confidence) == (name, args, confidence)


def test_a_method_that_is_passed_on_is_an_attribute_where_asked_for() -> None:
    asked = Vocabulary(anchors=("cuda",), names={UseKind.ATTRIBUTE: names(".cuda"), UseKind.CALL: names(".cuda")})
    text = (
        "import torch\na = map(model.cuda, xs)\nb = self._apply(lambda t: t.cuda)\nself.cuda = torch.cuda\nx.cuda()\n"
    )
    fast, whole = FAST.extract(file(), text, asked), WHOLE.extract(file(), text, asked)
    assert fast == whole
    assert [(use.kind, use.name, use.span.line) for use in fast.uses] == [
        ("attribute", ".cuda", 2), ("attribute", ".cuda", 3), ("call", ".cuda", 5),
    ]  # fmt: skip


def test_code_inside_f_strings_counts() -> None:
    text = 'import torch\nd = f"""\n  on cuda:{torch.cuda.current_device()}\n"""'
    assert brief(text) == [("call", "torch.cuda.current_device", 3, 12)]


@pytest.mark.parametrize(
    ("text", "args", "confidence"),
    [
        ("import os\nos.environ['CUDA_VISIBLE_DEVICES'] = '0,1'", {"value": "0,1"}, "high"),
        ("import os\nos.environ['CUDA_VISIBLE_DEVICES'] = str(n)", {"value": "str(n)"}, "high"),
        ("from os import environ\nenviron.get('CUDA_VISIBLE_DEVICES', '0')", {}, "high"),
        ("from os import getenv\ngetenv('CUDA_VISIBLE_DEVICES')", {}, "high"),
        ("import os\nos.environ.setdefault('CUDA_VISIBLE_DEVICES', '')", {"value": "''"}, "high"),
        ("def t(monkeypatch):\n    monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '0')", {"value": "0"}, "high"),
        ("run(env={'CUDA_VISIBLE_DEVICES': '3'})", {"value": "3"}, "high"),
        ("FORWARDED = ['CUDA_VISIBLE_DEVICES']", {}, "medium"),
    ],
)
def test_environment_variables(text: str, args: dict[str, str], confidence: str) -> None:
    use = one(text)
    assert (use.kind, use.name, use.args, use.confidence) == (UseKind.ENV, "CUDA_VISIBLE_DEVICES", args, confidence)


def test_compiler_options_are_flags_with_their_values() -> None:
    text = "args = ['-O3', '-gencode', 'arch=compute_80,code=sm_80', '--use_fast_math', '-arch=sm_90']"
    assert [(use.kind, use.name, use.args) for use in uses(text)] == [
        ("flag", "-gencode", {"value": "arch=compute_80,code=sm_80"}),
        ("flag", "--use_fast_math", {}),
        ("flag", "-arch", {"value": "sm_90"}),
    ]
    assert uses("parser.add_argument('-arch')") == ()
    assert flag("-not an option!") == ("-not", {"value": "an option!"})
    assert flag("plain") is None


# ---------------------------------------------------------------------------------------------------------- guards


@pytest.mark.parametrize(
    ("text", "guards"),
    [
        ("if torch.version.hip:\n    x.cuda()", ("rocm",)),
        ("if is_rocm():\n    pass\nelse:\n    x.cuda()", ("rocm",)),
        ("if not IS_ROCM:\n    x.cuda()", ("rocm",)),
        ("if current_platform.is_cuda():\n    x.cuda()\nelif current_platform.is_rocm():\n    pass", ("rocm",)),
        ("if hasattr(torch, 'npu') and torch.npu.is_available():\n    pass\nelse:\n    x.cuda()", ("cann",)),
        ("if device.type == 'npu':\n    pass\nelse:\n    x.cuda()", ("cann",)),
        ("if is_torch_npu_available():\n    y()\nelif is_torch_xpu_available():\n    z()\nelse:\n    x.cuda()", ("cann", "intel")),
        ("y = a if use_hip else x.cuda()", ("rocm",)),
        ("def f():\n    if is_npu_available():\n        return\n    x.cuda()", ("cann",)),
        ("def f():\n    if not use_npu:\n        raise ValueError\n    x.cuda()", ("cann",)),
        ("for x in y:\n    if x.is_xla:\n        continue\n    x.cuda()", ("tpu",)),
        ("flag = torch.version.hip is not None\nif flag:\n    pass\nelse:\n    x.cuda()", ("rocm",)),
        ("if IS_GAUDI or is_musa() or on_mlu():\n    pass\nelse:\n    x.cuda()", ("gaudi", "mlu", "musa")),
        # what is no branch for a target
        ("if hip_angle > 3:\n    x.cuda()", ()),
        ("if relationship:\n    x.cuda()", ()),
        ("if input and output:\n    x.cuda()", ()),
        ("if is_rocm():\n    raise NotImplementedError\nx.cuda()", ()),
        ("def f():\n    if is_npu():\n        y()\n    x.cuda()", ()),
        ("if ready:\n    x.cuda()", ()),
    ],
)  # fmt: skip
def test_branches_for_a_target_guard(text: str, guards: tuple[str, ...]) -> None:
    (use,) = (use for use in uses("import torch\n" + text) if use.name == ".cuda")
    assert use.guarded_by == guards


def test_portable_modules_serve_every_target() -> None:
    vocabulary = Vocabulary(anchors=("accelerator",), names={UseKind.CALL: names("torch.accelerator.*")})
    (use,) = FAST.extract(file(), "import torch\ntorch.accelerator.synchronize()", vocabulary).uses
    assert use.guarded_by == ("*",)


# --------------------------------------------------------------------------------------------------------- kernels

TRITON = '''
import triton
import triton.language as tl


@triton.autotune(configs=[], key=["n"])
@triton.jit
def matmul(a, b, c, n, BLOCK: tl.constexpr):
    """Multiply.

    Twice.
    """
    # a comment
    acc = tl.dot(tl.load(a), tl.load(b))

    acc = activate(acc)
    tl.atomic_add(c, acc)
    tl.inline_asm_elementwise("mov", "", [], tl.int32, True, 1)


def launch(a, b, c):
    matmul[(4,)](a, b, c, 4, BLOCK=32)
'''


def test_triton_kernels() -> None:
    extraction = extract(TRITON)
    (kernel,) = (use for use in extraction.uses if use.kind == UseKind.KERNEL)
    assert (kernel.name, kernel.symbol, kernel.span.line, kernel.span.end_line) == ("triton.jit", "matmul", 7, 18)
    assert kernel.kernel == KernelFacts(
        language="triton", code_lines=5, features={"atomic": 1, "ptx": 1, "tensor-core": 1}
    )
    calls = {(link.kind, link.to, link.via) for link in extraction.links}
    assert {(LinkKind.LAUNCH, "matmul", ""), (LinkKind.CALL, "activate", "matmul")} <= calls


def test_numba_kernels() -> None:
    text = """
        from numba import cuda
        @cuda.jit("void(float32[:])")
        def k(x):
            s = cuda.shared.array(32, float32)
            cuda.atomic.add(x, 0, 1)
        k[1, 32](x)
    """
    (kernel,) = (use for use in uses(text) if use.kind == UseKind.KERNEL)
    assert kernel.kernel == KernelFacts(language="numba", code_lines=3, features={"atomic": 1, "shared-memory": 1})


CODE = '''
SOURCE = r"""
// a comment
extern "C" __global__ void scale(float* x) {
    __shared__ float s[32];
    x[0] += __shfl_down_sync(0xffffffff, x[0], 1);
}
"""
'''


@pytest.mark.parametrize(
    ("call", "name", "language", "symbol", "lines"),
    [
        (
            "import cupy\nk = cupy.ElementwiseKernel('T x', 'T y', 'y = x * x;', 'square')",
            "cupy.ElementwiseKernel", "cupy", "square", 1,
        ),
        ("import cupy\nk = cupy.RawKernel(read(), 'other')", "cupy.RawKernel", "cupy", "other", 0),
    ],
)  # fmt: skip
def test_a_call_is_the_kernel_where_its_source_is_a_fragment_or_out_of_sight(
    call: str, name: str, language: str, symbol: str, lines: int
) -> None:
    (kernel,) = (use for use in uses(CODE + call) if use.kind == UseKind.KERNEL)
    assert (kernel.name, kernel.symbol) == (name, symbol)
    assert kernel.kernel is not None
    assert (kernel.kernel.language, kernel.kernel.code_lines) == (language, lines)


@pytest.mark.parametrize(
    "call",
    [
        "import cupy\nk = cupy.RawKernel(SOURCE, 'scale')",
        "import cupy as cp\nm = cp.RawModule(code=SOURCE)",
        "from pycuda.compiler import SourceModule\nm = SourceModule(SOURCE)",
        "from torch.utils.cpp_extension import load_inline\nm = load_inline('ext', '', cuda_sources=[SOURCE])",
        "x = 1",  # device code is device code, whatever is done with it
    ],
)
def test_a_kernel_in_a_string_that_can_be_read_is_told_once_by_the_string(call: str) -> None:
    extraction = extract(CODE + call)
    assert [use for use in extraction.uses if use.kind == UseKind.KERNEL] == []
    (part,) = extraction.embedded
    assert (part.language, part.confidence, part.lines[0], part.lines[2]) == ("cuda", "high", (2, 14), (4, 1))
    assert part.text.split("\n")[2] == 'extern "C" __global__ void scale(float* x) {'


# ----------------------------------------------------------------------------------------------------------- links


def links(text: str, path: str = "pkg/sub/module.py") -> list[tuple[str, str, str, int]]:
    return [(link.kind.value, link.to, link.via, link.line) for link in extract(text, path).links]


def test_imports_link_also_where_nothing_is_of_interest() -> None:
    text = "import os, a.b\nfrom c import d, e\nfrom . import f\nfrom ..g import h\nfrom i import *\n"
    assert links(text) == [
        ("import", "os", "", 1), ("import", "a.b", "", 1), ("import", "c.d", "", 2), ("import", "c.e", "", 2),
        ("import", "pkg.sub.f", "", 3), ("import", "pkg.g.h", "", 4), ("import", "i", "", 5),
    ]  # fmt: skip


def test_bindings_to_native_code() -> None:
    text = """
        import ctypes, torch
        torch.ops._C.rms_norm(x)
        lib = ctypes.CDLL("libfoo.so")
        module.get_function("scale")(x)
    """
    assert [link for link in links(text) if link[0] != "import"] == [
        ("binding", "ops:_C::rms_norm", "", 3), ("binding", "lib:libfoo.so", "", 4), ("launch", "scale", "", 5),
    ]  # fmt: skip


SETUP = """
import os
from setuptools import setup, find_packages
from torch.utils.cpp_extension import CUDAExtension, BuildExtension

here = os.path.dirname(__file__)
sources = ["csrc/a.cpp"]
sources += ["csrc/c.cu"]
requirements = ["triton>=2.1", "numpy"]
setup(
    name="x",
    ext_modules=[
        CUDAExtension(
            name="x._C",
            sources=sources + [os.path.join(here, "csrc", "b.cu"), "./csrc/d.cu"] + glob.glob("csrc/k/*.cu"),
            extra_compile_args={"nvcc": ["-O3", "--use_fast_math", "-gencode=arch=compute_80,code=sm_80"]},
        )
    ],
    install_requires=requirements,
    extras_require={"gpu": ["flash_attn==2.5 ; python_version>'3.8'", "cupy-cuda12x"], "dev": ["pytest"]},
)
"""


def test_a_build_script() -> None:
    extraction = extract(SETUP, "setup.py")
    assert [(link.to, link.via) for link in extraction.links if link.kind == LinkKind.BUILD] == [
        ("csrc/a.cpp", "x._C"), ("csrc/c.cu", "x._C"), ("csrc/b.cu", "x._C"), ("csrc/d.cu", "x._C"),
        ("csrc/k/*.cu", "x._C"),
    ]  # fmt: skip
    assert Link(kind=LinkKind.BINDING, to="module:x._C", via="provides", line=13) in extraction.links
    assert [(use.kind, use.name, use.args) for use in extraction.uses] == [
        ("dependency", "triton", {"version": ">=2.1"}),
        ("flag", "--use_fast_math", {}),
        ("flag", "-gencode", {"value": "arch=compute_80,code=sm_80"}),
        ("dependency", "flash-attn", {"version": "==2.5", "extra": "gpu"}),
        ("dependency", "cupy-cuda12x", {"extra": "gpu", "tag": "cu12"}),
    ]


# ------------------------------------------------------------------------------------------------------- whole files


def test_code_lines_leave_out_blank_lines_comments_and_documentation() -> None:
    text = '"""Doc.\n\nMore.\n"""\n\n# comment\nx = 1  # trailing\ns = """\ntext\n"""\n\ndef f():\n    "doc"\n    return 2\n'
    assert extract(text).code_lines == 6


@pytest.mark.parametrize(
    ("head", "generated"),
    [
        ("# Generated by the protocol buffer compiler.  DO NOT EDIT!\n", True),
        ("#!/bin/python\n# This file was automatically generated\n", True),
        ("# written by hand\n", False),
        ("x = 'do not edit'\n", False),
    ],
)
def test_generated_files_say_so(head: str, *, generated: bool) -> None:
    assert extract(head).generated is generated


def test_what_does_not_parse_is_searched() -> None:
    text = 'import torch.cuda as tc\nprint "x", tc\ntc.synchronize()\nos.environ["CUDA_VISIBLE_DEVICES"]\nx.cuda()\n'
    extraction = FAST.extract(file(), text, VOCABULARY)
    assert extraction.skip is not None
    assert extraction.skip.reason == SkipReason.PARSE_ERROR
    assert extraction.skip.detail.startswith("line 2: ")
    assert [(use.name, use.confidence) for use in extraction.uses] == [
        ("torch.cuda", "low"), ("torch.cuda.synchronize", "low"), ("CUDA_VISIBLE_DEVICES", "low"), (".cuda", "low"),
    ]  # fmt: skip
    assert [link.to for link in extraction.links] == ["torch.cuda"]


# ------------------------------------------------------------------------------------------------ fast and sound

MODULES = {
    "trainer": '''
"""Train on "cuda"."""
from __future__ import annotations
import os, sys
import torch
import torch.nn as nn
from torch import cuda as tc

try:
    import flash_attn
except ImportError:
    flash_attn = None

if sys.platform == "linux":
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "0")
elif os.name == "nt": pass
else: pass


def is_rocm_platform():
    return torch.version.hip is not None


class Trainer:
    """A class with "cuda" in its text."""

    device: str = "cuda"

    @property
    def stream(self):
        return torch.cuda.current_stream()

    def __init__(self, model: nn.Module, device="cuda:0", *, sync=torch.cuda.synchronize):
        if device == "cuda":
            self.model = model.cuda()
        elif torch.npu.is_available():
            self.model = model.npu()
        else:
            while True:
                try:
                    self.model = model
                finally:
                    break
        self.sync = sync
        for i in range(tc.device_count()): tc.set_device(i)

    async def step(self, batch):
        async with torch.cuda.stream(self.stream) as s:
            s.synchronize()
        with open("log") as log, torch.cuda.device(0):
            log.write(f"{torch.cuda.memory_allocated()} on cuda:{self.rank}")
        out = [x.cuda(non_blocking=True) for x in batch if not x.is_cuda]
        return {
            # a comment with cuda
            "out": out,
            "peak": max(
                torch.cuda.max_memory_allocated(),
                0,
            ),
        }

    def unrelated(self):
        """Nothing here."""
        if self.a:
            return 1
        elif self.b:
            x = 2
        else:
            x = \\
                3
        match x:
            case 1:
                return "cuda"
            case _:
                pass
        return x
''',
    "early": """
import torch
HAS_NPU = hasattr(torch, "npu")
def f(x):
    if HAS_NPU:
        y = prepare(x)
        return y
    if x:
        z = 1
    else:
        return torch.cuda.is_available()
    return torch.cuda.device_count()
def g():
    global cupy
    import cupy
def h(): return cupy.zeros(3)
def i():
    torch = None
    def j():
        return torch.cuda.synchronize()
    return j
""",
    "kernels": TRITON,
    "setup": SETUP,
    "string kernels": CODE + "import cupy\nk = cupy.RawKernel(SOURCE, 'scale')\nk((1,), (32,), (x,))\n",
    "comments": "import triton\n@triton.jit\ndef k(x):\n    f(\n        x,  # '#\n        # one\n        y='#',\n    )  # end\n\n# after\n",
    "semicolons": "import torch; torch.cuda.synchronize(); x = 1\nif x: y = torch.cuda.Stream(); y.synchronize()\n",
    "tabs": "import torch\ndef f():\n\tif x:\n\t\ttorch.cuda.synchronize()\n        \n\telse:\n\t\tpass\n",
}


@pytest.mark.parametrize("name", MODULES)
def test_the_fast_path_sees_what_a_full_parse_sees(name: str) -> None:
    extraction = extract(MODULES[name])
    assert extraction.uses


def test_a_realistic_module() -> None:
    found = [(use.name, use.span.line) for use in uses(MODULES["trainer"])]
    assert found == [
        ("torch.cuda", 7), ("flash_attn", 10), ("CUDA_VISIBLE_DEVICES", 15), ("cuda", 27),
        ("torch.cuda.current_stream", 31), ("cuda:0", 33), ("torch.cuda.synchronize", 33), ("cuda", 34), (".cuda", 35),
        ("torch.cuda.device_count", 45), ("torch.cuda.set_device", 45), ("torch.cuda.stream", 48), (".synchronize", 49),
        ("torch.cuda.device", 50), ("torch.cuda.memory_allocated", 51), (".cuda", 52), (".is_cuda", 52),
        ("torch.cuda.max_memory_allocated", 57), ("cuda", 73),
    ]  # fmt: skip


STATEMENTS = st.sampled_from(
    [
        "import torch", "import torch.cuda as c", "from torch import cuda", "import numpy as cuda", "x = torch.cuda",
        "x.synchronize()", "c.empty_cache()", "cuda.init()", "y = x", "y.init()", "device = 'cuda'", "return",
        "return torch.cuda.device_count()", "pass", '"""doc "cuda" text"""', "z = 1", "torch = fake()", "# cuda",
        "m.cuda()", "use_npu = hasattr(torch, 'npu')", "raise ValueError('cuda')", "z = f'cuda:{torch.cuda.x()}'",
        "DEVICE = 'cuda'", "x.to(DEVICE)", "DEVICE = 'cpu'", "S = '__global__ void f() {}'", "f(v, x=hasattr(torch, 'cuda'))",
        "exec(z)", "dict(NCCL_DEBUG='1')", "torch = _import()", "v = torch.version.cuda", "v.split('.')", "getattr(c, z)",
        "os.environ['CUDA_VISIBLE_DEVICES'] = '1'", "a = [\n1,\n# cuda\n'cuda',\n]", "s = '''\ncuda\n'''",
    ]
)  # fmt: skip
HEADERS = st.sampled_from(
    [
        "if x:", "if torch.version.hip:", "if use_npu:", "if not IS_ROCM:", "for cuda in y:", "while z:", "try:",
        "with torch.cuda.stream(s) as c:", "def f(torch):", "def g(a='cuda'):", "class C:", "@dec\ndef h():",
        "async def k():",
    ]
)  # fmt: skip


@st.composite
def blocks(draw: st.DrawFn, depth: int = 0) -> list[str]:
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 4))):
        if depth < 3 and draw(st.booleans()):
            header = draw(HEADERS)
            lines += header.split("\n")
            lines += [f"    {line}" for line in draw(blocks(depth + 1))]
            if header == "try:":
                lines += ["except ImportError:", *(f"    {line}" for line in draw(blocks(depth + 1)))]
            elif header.startswith("if") and draw(st.booleans()):
                lines += ["elif is_xpu():", "    pass", "else:", *(f"    {line}" for line in draw(blocks(depth + 1)))]
        else:
            lines += draw(STATEMENTS).split("\n")
            lines.append("pass")  # a block may not be comments alone
    return lines


@settings(max_examples=200, deadline=None)
@given(blocks())
def test_the_fast_path_sees_what_a_full_parse_sees_on_generated_code(lines: list[str]) -> None:
    text = "\n".join(lines)
    # What a function asks for is told from its whole body, of which the fast path sees the statements that matter:
    # a function that also does something else may there be taken for a mere test, see `python_platforms`.
    fast, whole = (
        replace(end.extract(file(), text, VOCABULARY), links=())  # the links of real code are compared above
        for end in (FAST, WHOLE)
    )
    assert fast == whole


@settings(max_examples=300, deadline=None)
@given(
    st.text()
    | st.lists(
        st.sampled_from(["torch.cuda.x(", ")", '"', "'''", "\n", "  ", "if", ":", "\\", "{", "#", "\x00", "f'"])
    ).map("".join)
)
def test_no_text_raises(text: str) -> None:
    extraction = FAST.extract(file(), text, VOCABULARY)
    for use in extraction.uses:
        assert 1 <= use.span.line <= use.span.end_line


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "(" * 20_000 + "torch.cuda.x()" + ")" * 20_000,
        "(" * 50_000 + "cuda",
        "x = 'cuda" + "a" * 600_000,
        '"""' + 'cuda" ' * 100_000,
        "torch.cuda.x()\r" * 20_000,
        "a" * 600_000 + ".cuda()",
        "x = " + "-" * 30_000 + "torch.cuda.x()",
        "x = " + " + ".join(["torch.cuda.x()"] * 5_000),
        "import torch\nx = torch" + ".cuda" * 20_000,
        "if a:\n pass\n" + "elif is_npu():\n x.cuda()\n" * 2_000,
        "\ud800 torch.cuda.x()",
        "a\x00b\ntorch.cuda.x()",
        "[" * 9 + "a " * 100_000 + "torch.cuda.x()",
        "\\\n" * 100_000 + "torch.cuda.x()",
        "f'" + "{" * 20_000 + "cuda",
        "x = torch.cuda\n" + "".join(f"x{i + 1} = x{i}\n" for i in range(2_000)) + "x2000.init()",
        "x = x.cuda(x(x(x)))\n" * 2_000,
        "".join(f"from torch.cuda.a{i} import *\n" for i in range(5_000)) + "".join(f"y{i}()\n" for i in range(20_000)),
        "DEVICE = 'cuda'\n" + "x.to(DEVICE)\n" * 20_000,
        "NCCL_A=1 " * 50_000 + "torch.cuda.x('" + "NCCL_A=1 " * 50_000 + "')",
        "torch.cuda.x('" + "NCCL_A=1 " * 50_000 + "')",
        "x.cuda(y.cuda" + ".z" * 5_000 + ")",
        "from numba import cuda\n" + "@cuda.jit\ndef f(x):\n    cuda.atomic.add(x)\n" * 5_000,
        "torch = _import()\n" * 10_000 + "torch.cuda.x()",
    ],
    ids=range(24),
)  # fmt: skip
def test_hostile_texts_end(text: str) -> None:
    FAST.extract(file(), text, VOCABULARY)


@pytest.mark.parametrize("name", MODULES)
def test_a_skeleton_of_all_lines_is_the_file(name: str) -> None:
    found = layout(Source(MODULES[name]))
    assert found is not None
    skeleton = found.skeleton(range(len(found.lines)))
    dumps = [ast.dump(ast.parse(text), include_attributes=True) for text in (skeleton, MODULES[name])]
    assert dumps[0] == dumps[1]


@pytest.mark.parametrize("name", MODULES)
def test_a_skeleton_of_any_line_keeps_it_in_its_place(name: str) -> None:
    found = layout(Source(MODULES[name]))
    assert found is not None
    whole = {ast.dump(node, include_attributes=True) for node in ast.walk(ast.parse(MODULES[name]))}
    for index in range(len(found.lines)):
        tree = ast.parse(found.skeleton([index]))
        expressions = [node for node in ast.walk(tree) if isinstance(node, ast.expr)]
        assert {ast.dump(node, include_attributes=True) for node in expressions} <= whole
