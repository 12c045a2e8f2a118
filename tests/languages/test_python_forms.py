"""Forms that uses take in Python, and forms that only look like uses."""

from __future__ import annotations

import pytest

from migrate import rulebook
from migrate.languages.python import PythonFrontEnd
from migrate.model import Role, SourceFile
from migrate.scan import read

BOOK = rulebook.shipped()


def seen(text: str) -> list[tuple[str, str, int]]:
    """Return rule, name and line of what is found; the fast path must see what a full parse sees."""
    file = SourceFile(path="pkg/module.py", language="python", content="", lines=0, code_lines=0, role=Role.OWNED)
    fast, whole = (
        read(file, text, BOOK, extract=PythonFrontEnd(exhaustive=exhaustive).extract) for exhaustive in (False, True)
    )
    assert fast == whole
    return [(sighting.rule, sighting.use.name, sighting.use.span.line) for sighting in fast.sightings]


def rules(text: str) -> list[str]:
    return [rule for rule, _, _ in seen(text)]


@pytest.mark.parametrize(
    "statement",
    [
        'logger.info(f"cuda: {n} devices")',
        'logging.warning("NCCL_DEBUG")',
        'self.log.error("nvidia-smi not found")',
        'print("nccl")',
        'print(f"cuda:{rank} is ready")',
        'warnings.warn("cuda:0 is busy")',
        'raise RuntimeError("nvidia-smi failed")',
        'raise errors.DeviceError(f"cuda:{rank}")',
        'assert ok, "nvidia-smi is missing"',
        'parser.add_argument("--gpu", help="nvidia-smi index")',
        'pytest.skip("cuda")',
        'pytest.param(1, id="cuda")',
        'click.echo("nvcc not found")',
        'plt.plot(x, label="cuda")',
        'rank_zero_info("nccl")',
        'log_once(f"NCCL_DEBUG={level}")',
        'x = "NCCL_ is the prefix of such names"',
    ],
)
def test_what_is_told_to_a_reader_is_no_use(statement: str) -> None:
    assert seen(f"import logging\n{statement}\n") == []


@pytest.mark.parametrize("statement", ['device_info("cuda:0")', 'Device(id="cuda:0")', 'catalog("cuda:0")'])
def test_a_name_that_ends_like_a_message_makes_none(statement: str) -> None:
    assert rules(statement + "\n") == ["framework-device-string"]


def test_a_device_inside_a_message_is_one() -> None:
    assert seen('print(x.to("cuda").sum())\n') == [("framework-device-string", "cuda", 1)]


@pytest.mark.parametrize(
    ("statement", "name"),
    [
        ("env = dict(os.environ, CUDA_VISIBLE_DEVICES='0')", "CUDA_VISIBLE_DEVICES"),
        ("os.environ.update(NCCL_DEBUG='INFO')", "NCCL_DEBUG"),
        ("subprocess.run(c, env={**os.environ, 'CUDA_VISIBLE_DEVICES': '0'})", "CUDA_VISIBLE_DEVICES"),
        ("os.system('CUDA_VISIBLE_DEVICES=0 python train.py')", "CUDA_VISIBLE_DEVICES"),
        ("os.system(f'NCCL_DEBUG={level} python train.py')", "NCCL_DEBUG"),
        ("os.system('A=1 CUDA_LAUNCH_BLOCKING=1 python train.py')", "CUDA_LAUNCH_BLOCKING"),
        ("command = ['env', 'CUDA_VISIBLE_DEVICES=' + gpus]", "CUDA_VISIBLE_DEVICES"),
        ("monkeypatch.setenv('CUDA_VISIBLE_DEVICES', '0')", "CUDA_VISIBLE_DEVICES"),
        ("os.putenv('CUDA_VISIBLE_DEVICES', '0')", "CUDA_VISIBLE_DEVICES"),
        ("del os.environ['CUDA_VISIBLE_DEVICES']", "CUDA_VISIBLE_DEVICES"),
        ("if 'CUDA_VISIBLE_DEVICES' in os.environ: pass", "CUDA_VISIBLE_DEVICES"),
        ("@patch.dict(os.environ, {'CUDA_VISIBLE_DEVICES': '0'})\ndef f(): pass", "CUDA_VISIBLE_DEVICES"),
    ],
)
def test_environment_variables_in_all_forms(statement: str, name: str) -> None:
    assert [found for _, found, _ in seen(f"import os, subprocess\n{statement}\n")] == [name]


@pytest.mark.parametrize(
    "statement",
    [
        "subprocess.run(['nvidia-smi', '-L'])",
        "subprocess.check_output('nvidia-smi -L', shell=True)",
        "os.popen('nvidia-smi').read()",
        "shutil.which('nvcc')",
        "subprocess.Popen(['nsys', 'profile', 'python', 'a.py'])",
        "os.system(f'ncu --set full python {script}')",
    ],
)
def test_programs_of_the_platform(statement: str) -> None:
    assert len(seen(f"import os, shutil, subprocess\n{statement}\n")) == 1


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("v = torch.version.cuda\nv.split('.')", [("torch.version.cuda", 2)]),
        ("v = torch.version.cuda\nif v is None: pass\nprint(v)", [("torch.version.cuda", 2)]),
        ("sync = torch.cuda.synchronize\nsync()", [("torch.cuda.synchronize", 2), ("torch.cuda.synchronize", 3)]),
        ("c = torch.cuda\nc.synchronize()", [("torch.cuda", 2), ("torch.cuda.synchronize", 3)]),
        ("d = 'cuda'\nx.to(d)", [("cuda", 2)]),
        ("D = 'cuda'\nx.to(D)", [("cuda", 2), ("cuda", 3)]),
        ("@dataclass\nclass A:\n    device: str = 'cuda'", [("cuda", 4)]),
        ("self.device = 'cuda' if ok else 'cpu'", [("cuda", 2)]),
        ("def f(device='cuda'): pass", [("cuda", 2)]),
        ("parser.add_argument('--device', default='cuda', choices=['cpu', 'cuda'])", [("cuda", 2), ("cuda", 2)]),
        ("config = {'device': 'cuda', 'backend': 'nccl'}", [("cuda", 2), ("nccl", 2)]),
        ("Trainer(accelerator='gpu')", [("gpu", 2)]),
        ("getattr(torch, 'cuda').synchronize()", [("torch.cuda.synchronize", 2)]),
        ("torch._C._cuda_getCurrentRawStream(0)", [("torch._C._cuda_getCurrentRawStream", 2)]),
        ("moved = list(map(model.cuda, batches))", [(".cuda", 2)]),
        ("if args.cuda: pass", []),
        ("Net(use=args.cuda)", []),
        ("with torch.cuda.stream(s): pass", [("torch.cuda.stream", 2)]),
        ("@torch.cuda.amp.autocast()\ndef f(): pass", [("torch.cuda.amp.autocast", 2)]),
    ],
)
def test_names_and_values(text: str, expected: list[tuple[str, int]]) -> None:
    assert [(name, line) for _, name, line in seen(f"import torch\n{text}\n")] == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("from torch.cuda import *\nsynchronize()\nprint(1)\nhelper()", ["torch.cuda", "torch.cuda.synchronize", "torch.cuda.helper"]),
        ("from torch.cuda import *\nfrom .own import *\nsynchronize()\nhelper()", ["torch.cuda", "torch.cuda.synchronize"]),
        ("from torch.cuda import *\nfrom other import *\nhelper()", ["torch.cuda"]),
        ("from torch import *\nfrom torch.cuda import *\ncuda.init()", ["torch.cuda", "torch.cuda.init"]),
        ("from torch.cuda import *\nx = 1\nlen(x)\nrange(3)", ["torch.cuda"]),
    ],
)  # fmt: skip
def test_a_star_gives_the_names_that_only_it_can_give(text: str, expected: list[str]) -> None:
    assert [name for _, name, _ in seen(text + "\n")] == expected


@pytest.mark.parametrize(
    ("head", "decorator", "name", "language"),
    [
        ("import warp as wp", "@wp.kernel", "warp.kernel", "warp"),
        ("import warp as wp", "@wp.kernel(enable_backward=False)", "warp.kernel", "warp"),
        ("import cutlass.cute as cute", "@cute.jit", "cutlass.cute.jit", "cute"),
        ("from cutlass import cute", "@cute.kernel", "cutlass.cute.kernel", "cute"),
        ("import cuda.tile as ct", "@ct.kernel", "cuda.tile.kernel", "tile"),
        ("import taichi as ti", "@ti.kernel", "taichi.kernel", "taichi"),
        ("import tilelang", "@tilelang.jit(out_idx=[2])", "tilelang.jit", "tilelang"),
        ("import helion", "@helion.kernel(config=c)", "helion.kernel", "helion"),
        ("from numba import cuda", "@cuda.jit", "numba.cuda.jit", "numba"),
        ("import numba.cuda", "@numba.cuda.jit(device=True)", "numba.cuda.jit", "numba"),
        ("from numba.cuda import jit", "@jit('void(float32[:])')", "numba.cuda.jit", "numba"),
        ("import triton", "@triton.autotune(configs=[], key=[])\n@triton.jit", "triton.jit", "triton"),
    ],
)
def test_decorators_that_make_kernels(head: str, decorator: str, name: str, language: str) -> None:
    file = SourceFile(path="k.py", language="python", content="", lines=0, code_lines=0, role=Role.OWNED)
    found = read(file, f"{head}\n{decorator}\ndef f(x):\n    x.atomic_add(1)\n    return x\n", BOOK)
    (use,) = (sighting.use for sighting in found.sightings if sighting.use.kernel is not None)
    assert use.kernel is not None
    assert (use.name, use.symbol, use.kernel.language, use.kernel.code_lines) == (name, "f", language, 3)


def test_what_a_triton_kernel_is_made_of() -> None:
    text = """
import triton
import triton.language as tl
from triton.language.extra import libdevice

@triton.jit
def f(a, b, c, BLOCK: tl.constexpr):
    '''tl.dot in documentation.'''
    # tl.dot in a comment
    desc = tl.make_tensor_descriptor(a, [1], [1], [BLOCK])
    x = tl.dot(tl.load(a), tl.load(b), "tl.dot")
    tl.atomic_add(c, x)
    y = tl.inline_asm_elementwise("mov.u32 $0, $1;", "=r,r", [x], tl.int32, True, 1)
"""
    file = SourceFile(path="k.py", language="python", content="", lines=0, code_lines=0, role=Role.OWNED)
    (use,) = (sighting.use for sighting in read(file, text, BOOK).sightings if sighting.use.kernel is not None)
    assert use.kernel is not None
    assert use.kernel.features == {"async-copy": 1, "atomic": 1, "ptx": 1, "tensor-core": 1}
    assert use.kernel.code_lines == 5


# ---------------------------------------------------------------------------- what a program says of its platform


@pytest.mark.parametrize(
    "statement",
    [
        'graphs = os.environ.get("APP_CUDA_GRAPHS", "0")',
        'share = os.getenv("APP_CUDA_SHARE")',
        'path = os.environ["APP_NVCC_PATH"]',
        'wanted = "APP_USE_NCCL" in os.environ',
        'env.setdefault("APP_CUDNN_ROOT", root)',
        'monkeypatch.setenv("APP_CUDA_GRAPHS", "1")',
    ],
)
def test_a_switch_of_the_program_itself(statement: str) -> None:
    assert rules(f"import os\n{statement}\n") == ["env-own-switch"]


@pytest.mark.parametrize(
    "statement",
    [
        'options.get("APP_CUDA_GRAPHS")',
        'options["APP_CUDA_GRAPHS"] = 1',
        'names = {"APP_CUDA_GRAPHS": 1}',
        'provider = "CUDA_EP"',
        'os.environ.get("APP_GRAPHS", "CUDA")',
        'os.environ.get("it is APP_CUDA")',
        'wanted = "CUDA" in languages',
    ],
)
def test_what_is_no_switch(statement: str) -> None:
    assert rules(f"import os\n{statement}\n") == []


def test_a_known_variable_keeps_its_own_rule() -> None:
    assert rules('import os\nos.environ["CUDA_VISIBLE_DEVICES"] = "0"\nos.getenv("NCCL_DEBUG")\n') == [
        "environment-visible-devices",
        "distributed-nccl-env",
    ]


def test_keywords_for_several_platforms_guard_each_other() -> None:
    text = 'table = make(cuda=[run("__nv_ceilf")], rocm=[run("__ocml_ceil_f32")])\nplain = make(cuda=["__nv_ceilf"])\n'
    file = SourceFile(path="k.py", language="python", content="", lines=0, code_lines=0, role=Role.OWNED)
    found = [(one.use.name, one.use.guarded_by, one.use.span.line) for one in read(file, text, BOOK).sightings]
    assert found == [("cuda", ("rocm",), 1), ("__nv_ceilf", ("rocm",), 1), ("__nv_ceilf", (), 2)]


@pytest.mark.parametrize(
    ("statement", "rule", "name"),
    [
        ("import triton", "triton-import", "triton"),
        ("import triton.language as tl", "triton-import", "triton.language"),
        ("from triton import cdiv, jit", "triton-import", "triton"),
        ("from faiss import GpuIndexFlatL2", "python-gpu-faiss", "faiss.GpuIndexFlatL2"),
        ("import torch.backends.cudnn as cudnn", "framework-cudnn-flags", "torch.backends.cudnn"),
        (
            "from torch.distributed import ProcessGroupNCCL",
            "distributed-process-group-nccl",
            "torch.distributed.ProcessGroupNCCL",
        ),
        (
            "from torch.utils.cpp_extension import CUDA_HOME",
            "build-cuda-home",
            "torch.utils.cpp_extension.CUDA_HOME",
        ),
    ],
)
def test_imports_that_say_something(statement: str, rule: str, name: str) -> None:
    assert seen(f"{statement}\n") == [(rule, name, 1)]


def test_what_stands_in_every_numba_kernel_is_part_of_it() -> None:
    text = (
        "from numba import cuda, types\nfrom numba.cuda import int32\n@cuda.jit\ndef f(x):\n"
        "    i = cuda.threadIdx.x + cuda.blockIdx.x * cuda.blockDim.x\n    x[i] = int32(cuda.types.int32(1))\n"
    )
    assert rules(text) == ["package-import", "package-import", "python-gpu-numba-kernel"]
