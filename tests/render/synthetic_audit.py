"""A realistic audit built in memory: two targets, kernels, cycles, unknowns, guarded, suppressed and hidden findings."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from itertools import pairwise

from migrate.model import (
    SCHEMA_VERSION,
    Answer,
    AnswerCard,
    Apart,
    Area,
    Audit,
    Baseline,
    Basis,
    BlindPlace,
    BlindSpot,
    BlindSpotKind,
    Change,
    ChangeTotal,
    Confidence,
    Contribution,
    CostLine,
    Edge,
    Edit,
    Effort,
    Estimate,
    Evidence,
    Finding,
    Grade,
    Graph,
    Hidden,
    KernelFacts,
    LinkKind,
    Mechanical,
    Parameter,
    Part,
    Percentiles,
    PortingUnit,
    Rate,
    Repository,
    Role,
    RulebookInfo,
    RuleCard,
    Scenario,
    Sensitivity,
    Skip,
    SkipReason,
    SourceFile,
    Span,
    Stage,
    Status,
    Suppression,
    TargetInfo,
    Task,
    Tool,
    UnitKind,
    Views,
)

TARGETS = ("rocm", "cann")
NONE, RENAME, ADAPT, REWRITE, BLOCKED = Change
HOURS = {
    NONE: None,
    RENAME: (1.0, 0.1),
    ADAPT: (6.0, 1.0),
    None: (12.0, 2.0),
    REWRITE: (40.0, 16.0),
    BLOCKED: (80.0, 40.0),
}
FACTOR = {"rocm": 1.0, "cann": 1.7}


@dataclass(frozen=True)
class Subject:
    """A rule with its answers, in the short form the sample is written in."""

    rule: str
    title: str
    area: Area
    library: str
    rocm: tuple[Change | None, str]
    cann: tuple[Change | None, str]
    basis: Basis = Basis.CURATED


SUBJECTS = {
    item.rule: item
    for item in (
        Subject(
            "torch-device-string",
            "Device string names CUDA",
            Area.FRAMEWORK,
            "torch.cuda",
            (NONE, "runs as is"),
            (RENAME, "npu"),
        ),
        Subject(
            "torch-cuda-api",
            "torch.cuda call",
            Area.FRAMEWORK,
            "torch.cuda",
            (NONE, "torch.cuda under ROCm"),
            (RENAME, "torch.npu"),
        ),
        Subject(
            "torch-cuda-graph",
            "CUDA graph capture",
            Area.GRAPH,
            "torch.cuda",
            (ADAPT, "HIP graphs"),
            (REWRITE, "torchair graph mode"),
        ),
        Subject(
            "runtime-call",
            "CUDA runtime call",
            Area.RUNTIME,
            "runtime",
            (RENAME, "hipMalloc and friends"),
            (ADAPT, "aclrt calls"),
            Basis.TABLE,
        ),
        Subject(
            "kernel-warp-size",
            "Warp width is assumed to be 32",
            Area.KERNEL,
            "device",
            (ADAPT, "warpSize, 64-bit masks"),
            (REWRITE, "Ascend C vector unit"),
        ),
        Subject(
            "kernel-cuda",
            "CUDA kernel",
            Area.KERNEL,
            "device",
            (RENAME, "HIP kernel"),
            (REWRITE, "Ascend C kernel"),
        ),
        Subject(
            "ptx-inline",
            "Inline PTX assembly",
            Area.PTX,
            "ptx",
            (REWRITE, "GCN builtins"),
            (REWRITE, "Ascend C intrinsics"),
        ),
        Subject(
            "kernel-wmma",
            "Tensor cores through wmma",
            Area.KERNEL,
            "wmma",
            (REWRITE, "rocWMMA"),
            (REWRITE, "Cube unit matmul"),
        ),
        Subject(
            "library-cublas",
            "cuBLAS",
            Area.LIBRARY,
            "cublas",
            (RENAME, "hipBLAS"),
            (ADAPT, "aclnn matmul"),
            Basis.TABLE,
        ),
        Subject(
            "library-cutlass",
            "CUTLASS templates",
            Area.LIBRARY,
            "cutlass",
            (REWRITE, "Composable Kernel"),
            (None, ""),
            Basis.NONE,
        ),
        Subject(
            "library-nccl",
            "NCCL collectives",
            Area.DISTRIBUTED,
            "nccl",
            (RENAME, "RCCL"),
            (ADAPT, "HCCL"),
            Basis.TABLE,
        ),
        Subject(
            "package-tensorrt",
            "TensorRT",
            Area.PACKAGE,
            "tensorrt",
            (BLOCKED, "MIGraphX"),
            (BLOCKED, "ATC and OM models"),
        ),
        Subject(
            "package-flash-attn",
            "flash-attn package",
            Area.PACKAGE,
            "packages",
            (ADAPT, "ROCm fork"),
            (ADAPT, "npu_fusion_attention"),
        ),
        Subject(
            "triton-kernel",
            "Triton kernel",
            Area.TRITON,
            "triton",
            (ADAPT, "Triton on ROCm"),
            (ADAPT, "Triton-Ascend"),
        ),
        Subject(
            "build-cuda-extension",
            "CUDAExtension in setup.py",
            Area.BUILD,
            "build",
            (NONE, "hipify at build"),
            (REWRITE, "NpuExtension"),
        ),
        Subject(
            "deploy-cuda-image",
            "CUDA base image",
            Area.DEPLOY,
            "deploy",
            (RENAME, "rocm/pytorch"),
            (RENAME, "ascendai/cann"),
        ),
        Subject(
            "env-visible-devices",
            "CUDA_VISIBLE_DEVICES",
            Area.ENVIRONMENT,
            "environment",
            (RENAME, "HIP_VISIBLE_DEVICES"),
            (RENAME, "ASCEND_RT_VISIBLE_DEVICES"),
        ),
        Subject("profiling-nvtx", "NVTX range", Area.PROFILING, "nvtx", (None, ""), (None, ""), Basis.NONE),
    )
}

PLACES = (
    # path, language, role, rule, symbol, line, snippet
    ("src/train/loop.py", "python", Role.OWNED, "torch-device-string", "cuda", 14, 'device = torch.device("cuda")'),
    ("src/train/loop.py", "python", Role.OWNED, "torch-cuda-api", "torch.cuda.synchronize", 88, "torch.cuda.synchronize()"),
    ("src/train/loop.py", "python", Role.OWNED, "torch-cuda-graph", "torch.cuda.CUDAGraph", 121, "graph = torch.cuda.CUDAGraph()"),
    ("src/train/data.py", "python", Role.OWNED, "torch-device-string", "cuda:0", 31, 'batch = batch.to("cuda:0", non_blocking=True)'),
    ("src/train/data.py", "python", Role.OWNED, "torch-cuda-api", "torch.cuda.Stream", 47, "self.stream = torch.cuda.Stream()"),
    ("src/train/dist.py", "python", Role.OWNED, "library-nccl", "nccl", 9, 'dist.init_process_group("nccl")'),
    ("src/train/dist.py", "python", Role.OWNED, "env-visible-devices", "CUDA_VISIBLE_DEVICES", 22, 'os.environ["CUDA_VISIBLE_DEVICES"] = str(rank)'),
    ("src/models/attention.py", "python", Role.OWNED, "package-flash-attn", "flash_attn.flash_attn_func", 5, "from flash_attn import flash_attn_func"),
    ("src/models/attention.py", "python", Role.OWNED, "triton-kernel", "rope_kernel", 40, "@triton.jit"),
    ("src/models/attention.py", "python", Role.OWNED, "profiling-nvtx", "torch.cuda.nvtx.range_push", 77, 'torch.cuda.nvtx.range_push("attn")'),
    ("src/serve/engine.py", "python", Role.OWNED, "package-tensorrt", "tensorrt", 3, "import tensorrt as trt"),
    ("src/serve/engine.py", "python", Role.OWNED, "package-tensorrt", "tensorrt.Builder", 41, "builder = trt.Builder(logger)"),
    ("csrc/reduce.cu", "cuda", Role.OWNED, "kernel-cuda", "block_reduce", 60, "__global__ void block_reduce(const float* in, float* out, int n) {"),
    ("csrc/reduce.cu", "cuda", Role.OWNED, "kernel-warp-size", "__shfl_down_sync", 88, "v += __shfl_down_sync(0xffffffff, v, 16);"),
    ("csrc/reduce.cu", "cuda", Role.OWNED, "kernel-warp-size", "warpSize", 91, "if (threadIdx.x % warpSize == 0) {"),
    ("csrc/reduce.cu", "cuda", Role.OWNED, "runtime-call", "cudaMalloc", 140, "cudaMalloc(&buffer, bytes);"),
    ("csrc/reduce.cu", "cuda", Role.OWNED, "runtime-call", "cudaMemcpyAsync", 146, "cudaMemcpyAsync(dst, src, bytes, cudaMemcpyDeviceToHost, stream);"),
    ("csrc/gemm.cu", "cuda", Role.OWNED, "kernel-cuda", "gemm_wmma", 33, "__global__ void gemm_wmma(half* a, half* b, float* c) {"),
    ("csrc/gemm.cu", "cuda", Role.OWNED, "kernel-wmma", "nvcuda::wmma::mma_sync", 52, "wmma::mma_sync(acc, a_frag, b_frag, acc);"),
    ("csrc/gemm.cu", "cuda", Role.OWNED, "kernel-wmma", "nvcuda::wmma::load_matrix_sync", 48, "wmma::load_matrix_sync(a_frag, tile_a, 16);"),
    ("csrc/gemm.cu", "cuda", Role.OWNED, "library-cutlass", "cutlass::gemm::device::Gemm", 102, "using Gemm = cutlass::gemm::device::Gemm<half_t, RowMajor>;"),
    ("csrc/gemm.cu", "cuda", Role.OWNED, "library-cublas", "cublasGemmEx", 130, "cublasGemmEx(handle, op, op, m, n, k, &alpha, a, type, m);"),
    ("csrc/quant.cu", "cuda", Role.OWNED, "kernel-cuda", "quantize_fp8", 21, "__global__ void quantize_fp8(const half* x, uint8_t* q) {"),
    ("csrc/quant.cu", "cuda", Role.OWNED, "ptx-inline", "cvt.rn.satfinite.e4m3x2.f32", 37, 'asm volatile("cvt.rn.satfinite.e4m3x2.f32 %0, %1, %2;" : "=h"(q) : "f"(a), "f"(b));'),
    ("csrc/quant.cu", "cuda", Role.OWNED, "ptx-inline", "ldmatrix.sync.aligned.m8n8.x4", 58, 'asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 ...");'),
    ("csrc/runtime/stream_pool.cpp", "cuda", Role.OWNED, "runtime-call", "cudaStreamCreateWithFlags", 18, "cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking);"),
    ("csrc/runtime/stream_pool.cpp", "cuda", Role.OWNED, "runtime-call", "cudaEventRecord", 44, "cudaEventRecord(event, stream);"),
    ("csrc/runtime/allocator.cpp", "cuda", Role.OWNED, "runtime-call", "cudaMallocAsync", 29, "cudaMallocAsync(&ptr, size, stream);"),
    ("csrc/runtime/allocator.cpp", "cuda", Role.OWNED, "runtime-call", "cudaFreeAsync", 41, "cudaFreeAsync(ptr, stream);"),
    ("csrc/bindings.cpp", "cuda", Role.OWNED, "library-cublas", "cublasCreate", 12, "cublasCreate(&handle);"),
    ("setup.py", "python", Role.OWNED, "build-cuda-extension", "CUDAExtension", 19, 'CUDAExtension("acme._C", sources)'),
    ("requirements.txt", "requirements", Role.OWNED, "package-flash-attn", "flash-attn", 4, "flash-attn==2.7.4"),
    ("docker/Dockerfile", "dockerfile", Role.OWNED, "deploy-cuda-image", "nvidia/cuda", 1, "FROM nvidia/cuda:12.6.0-devel-ubuntu22.04"),
    ("docker/Dockerfile", "dockerfile", Role.OWNED, "env-visible-devices", "CUDA_VISIBLE_DEVICES", 12, "ENV CUDA_VISIBLE_DEVICES=0,1"),
    ("tests/test_reduce.py", "python", Role.TEST, "torch-device-string", "cuda", 8, 'x = torch.ones(8, device="cuda")'),
    ("tests/test_reduce.py", "python", Role.TEST, "torch-cuda-api", "torch.cuda.is_available", 4, "@skipif(not torch.cuda.is_available())"),
    ("examples/quickstart.py", "python", Role.EXAMPLE, "torch-device-string", "cuda", 6, 'model.to("cuda")'),
)  # fmt: skip

UNITS = (
    # id, kind, title, files, wave, cycle, unlocks
    ("package:flash-attn", UnitKind.PACKAGE, "flash-attn", ("requirements.txt",), 0, None, 1),
    ("build:setup.py", UnitKind.BUILD, "Extension build", ("setup.py",), 0, None, 6),
    ("module:csrc/runtime/stream_pool.cpp", UnitKind.MODULE, "csrc/runtime/stream_pool.cpp", ("csrc/runtime/stream_pool.cpp",), 1, 0, 4),
    ("module:csrc/runtime/allocator.cpp", UnitKind.MODULE, "csrc/runtime/allocator.cpp", ("csrc/runtime/allocator.cpp",), 1, 0, 4),
    ("kernel-family:csrc/reduce.cu", UnitKind.KERNEL_FAMILY, "Kernels in csrc/reduce.cu", ("csrc/reduce.cu",), 2, None, 3),
    ("kernel-family:csrc/gemm.cu", UnitKind.KERNEL_FAMILY, "Kernels in csrc/gemm.cu", ("csrc/gemm.cu",), 2, None, 3),
    ("kernel-family:csrc/quant.cu", UnitKind.KERNEL_FAMILY, "Kernels in csrc/quant.cu", ("csrc/quant.cu",), 2, None, 2),
    ("extension:acme._C", UnitKind.EXTENSION, "acme._C", ("csrc/bindings.cpp",), 3, None, 3),
    ("module:src/models/attention.py", UnitKind.MODULE, "src.models.attention", ("src/models/attention.py",), 4, None, 2),
    ("module:src/train/data.py", UnitKind.MODULE, "src.train.data", ("src/train/data.py",), 4, None, 1),
    ("module:src/train/dist.py", UnitKind.MODULE, "src.train.dist", ("src/train/dist.py",), 4, None, 1),
    ("module:src/train/loop.py", UnitKind.MODULE, "src.train.loop", ("src/train/loop.py",), 5, None, 1),
    ("module:src/serve/engine.py", UnitKind.MODULE, "src.serve.engine", ("src/serve/engine.py",), 5, None, 1),
    ("deploy:docker/Dockerfile", UnitKind.DEPLOY, "Container image", ("docker/Dockerfile",), 6, None, 0),
)  # fmt: skip

NEEDS = (
    ("module:csrc/runtime/stream_pool.cpp", "build:setup.py", LinkKind.BUILD),
    ("module:csrc/runtime/allocator.cpp", "module:csrc/runtime/stream_pool.cpp", LinkKind.INCLUDE),
    ("module:csrc/runtime/stream_pool.cpp", "module:csrc/runtime/allocator.cpp", LinkKind.INCLUDE),
    ("kernel-family:csrc/reduce.cu", "module:csrc/runtime/allocator.cpp", LinkKind.INCLUDE),
    ("kernel-family:csrc/gemm.cu", "module:csrc/runtime/allocator.cpp", LinkKind.INCLUDE),
    ("kernel-family:csrc/quant.cu", "module:csrc/runtime/stream_pool.cpp", LinkKind.INCLUDE),
    ("extension:acme._C", "kernel-family:csrc/reduce.cu", LinkKind.LAUNCH),
    ("extension:acme._C", "kernel-family:csrc/gemm.cu", LinkKind.LAUNCH),
    ("extension:acme._C", "kernel-family:csrc/quant.cu", LinkKind.LAUNCH),
    ("module:src/models/attention.py", "extension:acme._C", LinkKind.IMPORT),
    ("module:src/models/attention.py", "package:flash-attn", LinkKind.REQUIRES),
    ("module:src/train/loop.py", "module:src/models/attention.py", LinkKind.IMPORT),
    ("module:src/train/loop.py", "module:src/train/data.py", LinkKind.IMPORT),
    ("module:src/train/loop.py", "module:src/train/dist.py", LinkKind.IMPORT),
    ("module:src/serve/engine.py", "module:src/models/attention.py", LinkKind.IMPORT),
    ("deploy:docker/Dockerfile", "module:src/train/loop.py", LinkKind.REQUIRES),
    ("deploy:docker/Dockerfile", "module:src/serve/engine.py", LinkKind.REQUIRES),
)


def percentiles(middle: float) -> Percentiles:
    """Return a right-skewed distribution around its median."""
    return Percentiles(p10=middle * 0.6, p50=middle, p80=middle * 1.43, p90=middle * 1.8)


def curve(middle: float) -> tuple[float, ...]:
    """Return a quantile function through the points of `percentiles`."""
    known = ((0, 0.35), (10, 0.6), (50, 1.0), (80, 1.43), (90, 1.8), (100, 3.4))
    values = []
    for i in range(101):
        (x0, y0), (x1, y1) = next((low, high) for low, high in pairwise(known) if i <= high[0])
        values.append(middle * (y0 + (y1 - y0) * (i - x0) / (x1 - x0)))
    return tuple(values)


def build_audit(*, taint: str = "", copies: int = 1, rate: bool = True) -> Audit:
    """Build the sample; `taint` is appended to every foreign string, `copies` repeats the tree in further folders."""
    findings = tuple(_finding(row, index, copy, taint) for copy in range(copies) for index, row in enumerate(PLACES))
    files = tuple(sorted(_files(copies, taint), key=lambda file: file.path))
    graph = _graph(findings, copies, taint)
    scenario = Scenario(rate=Rate(amount=900, currency="USD") if rate else None)
    return Audit(
        schema_version=SCHEMA_VERSION,
        tool=Tool(name="cuda-migrate", version="0.1.0"),
        rulebook=RulebookInfo(version="2026.11", hash="5b2f90c1d4e87a63", rules=412, packs=("shipped",)),
        repository=Repository(
            name=f"acme/vision-stack{taint}", revision="9f31c2ab77de0145aa", dirty=True, date="2026-11-20",
            files=1284 * copies, code_lines=182_400 * copies,
        ),
        targets={
            "rocm": TargetInfo(name="AMD ROCm", vendor="AMD", stack="ROCm 7.0", chip="cdna3", chip_name="Instinct MI300 series (CDNA 3)"),
            "cann": TargetInfo(name="Huawei CANN", vendor="Huawei", stack="CANN 8.3", chip="910b", chip_name="Ascend 910B"),
        },
        files=files,
        skips=(
            Skip(path=f"assets/model.onnx{taint}", reason=SkipReason.BINARY),
            Skip(path="assets/weights.bin", reason=SkipReason.LFS_POINTER),
            Skip(path="csrc/generated/tables.cu", reason=SkipReason.TOO_LARGE, detail="6.1 MB, the limit is 2 MB"),
            Skip(path="legacy/kernel.f90", reason=SkipReason.UNSUPPORTED_LANGUAGE),
            Skip(path="scripts/broken.py", reason=SkipReason.PARSE_ERROR, detail=f"line 14: invalid syntax{taint}"),
            Skip(path="docs/notes.txt", reason=SkipReason.ENCODING),
        ),
        rules={rule: _card(subject, taint) for rule, subject in SUBJECTS.items()},
        findings=findings,
        edits=_edits(findings, taint),
        graph=graph,
        scenarios={"default": scenario},
        estimates=tuple(_estimate(target, findings, graph, scenario, taint) for target in TARGETS),
        hidden=Hidden(
            source="pyproject.toml", files=3, findings=17, hours={"rocm": 22.0, "cann": 41.0},
            ignored_settings=(f"rules: packs named by the tree load only with --trust-config{taint}",),
        ),
        apart=(
            Apart(role=Role.VENDORED, place=f"third_party/cub_fork{taint}", files=31, code_lines=9_400, uses=812, libraries={"device": 700, "ptx": 112}, copy_of=f"csrc/cub{taint}", made_by=(f"tools/gen.py{taint}",)),
            Apart(role=Role.TEST, place="tests", files=1, code_lines=180, uses=2, libraries={"torch.cuda": 2}),
            Apart(role=Role.EXAMPLE, place="examples", files=1, code_lines=180, uses=1, libraries={"torch.cuda": 1}),
        ),
        excerpts={
            f"csrc/reduce.cu{taint}": {
                str(line): text + taint
                for line, text in enumerate(
                    ("  float v = in[i];", "  #pragma unroll", "  for (int o = 16; o > 0; o >>= 1) {",
                     "    v += __shfl_down_sync(0xffffffff, v, 16);", "  }", "  __syncthreads();", "  if (threadIdx.x % warpSize == 0) {"),
                    85,
                )
            }
        },
        command="cuda-migrate scan . --target rocm --target cann --rate 900:USD",
        blind_spots=_blind_spots(taint),
    )  # fmt: skip


def _blind_spots(taint: str) -> tuple[BlindSpot, ...]:
    """Write one of each kind that differs in what its share is of."""
    kinds = BlindSpotKind
    return (
        BlindSpot(
            kind=kinds.FOREIGN_LANGUAGE, what="Fortran", count=1, files=1, lines=9_600, share=0.05, of="lines",
            places=(BlindPlace(path="legacy/kernel.f90", text=f"Fortran: `use cudafor` in line 3, 9 places{taint}"),),
        ),
        BlindSpot(
            kind=kinds.UNRESOLVED_METHOD, what="", count=3, files=2, lines=0, share=0.031, of="findings",
            places=tuple(BlindPlace(path=f"train.py{taint}", line=line, text="x.cuda()") for line in (8, 9, 12)),
        ),
        BlindSpot(
            kind=kinds.UNREAD_FILE, what="too-large", count=1, files=1, lines=2_100, share=0.011, of="lines",
            places=(BlindPlace(path="csrc/generated/tables.cu", text="6.1 MB, the limit is 2 MB"),),
        ),
        BlindSpot(
            kind=kinds.MISSING_SUBMODULE, what=f"third_party/kernels{taint}", count=1, files=1, lines=0, share=0.0, of="",
            places=(BlindPlace(path="third_party/kernels", text="not checked out"),),
        ),
    )  # fmt: skip


def _path(path: str, copy: int, taint: str) -> str:
    return (f"part{copy}/{path}" if copy else path) + taint


def _finding(row: tuple[str, str, Role, str, str, int, str], index: int, copy: int, taint: str) -> Finding:
    path, _language, role, rule, symbol, line, snippet = row
    subject = SUBJECTS[rule]
    where = _path(path, copy, taint)
    fingerprint = hashlib.blake2b(f"{where}:{rule}:{line}".encode(), digest_size=8).hexdigest()
    kernel = None
    if rule in {"kernel-cuda", "triton-kernel"}:
        kernel = KernelFacts(
            language="cuda", code_lines=40 + 37 * (index % 5), features={"shared-memory": 2, "shuffle": 3}
        )
    suppressed = None
    if symbol == "cudaEventRecord":
        suppressed = Suppression(by="inline", reason=f"behind the HAL{taint}", until="2027-06")
    answers = {
        target: _answer(rule, target, getattr(subject, target), subject.basis, guarded=symbol == "cuda:0", taint=taint)
        for target in TARGETS
    }
    return Finding(
        fingerprint=fingerprint, rule=rule, symbol=symbol + taint, library=subject.library, area=subject.area, path=where,
        role=role, span=Span(line=line, column=5, end_line=line, end_column=30), snippet=snippet + taint,
        confidence=Confidence.MEDIUM if rule == "kernel-warp-size" else Confidence.HIGH, answers=answers,
        scope="reduce.block_reduce" if rule == "kernel-warp-size" else "", kernel=kernel, suppressed=suppressed,
        in_kernel=f"block_reduce{taint}" if rule == "kernel-warp-size" else "",
    )  # fmt: skip


def _answer(
    rule: str, target: str, answer: tuple[Change | None, str], basis: Basis, *, guarded: bool, taint: str
) -> Answer:
    change, equivalent = answer
    status = {NONE: Status.SUPPORTED, RENAME: Status.SUPPORTED, ADAPT: Status.DIFFERS, REWRITE: Status.MISSING,
              BLOCKED: Status.MISSING, None: Status.UNKNOWN}[change]  # fmt: skip
    hours = HOURS[change]
    effort = None
    if hours is not None:
        first, each = (value * FACTOR[target] for value in hours)
        effort = Effort(
            first=(first / 2, first, first * 3), each=(each / 2, each, each * 3), key=rule, source="judgement"
        )
    return Answer(
        status=status, change=change, equivalent=equivalent + taint if equivalent else "",
        basis=basis if change is not None else Basis.NONE,
        source="no row answers this name" if change is None else "https://rocm.docs.amd.com/projects/HIPIFY/en/latest/",
        effort=effort, guarded=guarded, note=f"Validate against a reference.{taint}" if change is ADAPT else "",
    )  # fmt: skip


def _card(subject: Subject, taint: str) -> RuleCard:
    becomes = {
        "kernel-warp-size": "v += __shfl_down(v, warpSize / 2);\n",
        "torch-cuda-graph": "graph = torch.npu.NPUGraph()\n",
    }
    return RuleCard(
        title=subject.title + taint,
        why=f"{subject.title} ties the code to one vendor's platform; other platforms answer with another name or other semantics.{taint}",
        area=subject.area,
        refs=("https://docs.nvidia.com/cuda/",),
        answers={
            target: AnswerCard(
                equivalent=getattr(subject, target)[1] + taint, becomes=becomes.get(subject.rule, "") + taint,
                notes=f"Check numerics after the change.{taint}", refs=("https://example.org/ref", f"javascript:alert(1){taint}"),
                verified="2026-11",
            )
            for target in TARGETS
        },
    )  # fmt: skip


def _files(copies: int, taint: str) -> list[SourceFile]:
    kinds = {(row[0], row[1], row[2]) for row in PLACES}
    return [
        SourceFile(
            path=_path(path, copy, taint), language=language, content=hashlib.blake2b(path.encode(), digest_size=16).hexdigest(),
            lines=240, code_lines=180, role=role, owner="@acme/kernels" if path.startswith("csrc") else "",
        )
        for copy in range(copies)
        for path, language, role in kinds
    ]  # fmt: skip


def _graph(findings: tuple[Finding, ...], copies: int, taint: str) -> Graph:
    inside: dict[str, list[str]] = {}
    for finding in findings:
        if finding.role is Role.OWNED:
            inside.setdefault(finding.path, []).append(finding.fingerprint)

    def name(unit: str, copy: int) -> str:
        return f"{unit}#{copy}{taint}" if copy else unit + taint

    units = [
        PortingUnit(
            id=name(unit, copy), kind=kind, title=title + taint, files=tuple(_path(path, copy, taint) for path in paths),
            findings=tuple(item for path in paths for item in inside.get(_path(path, copy, taint), [])),
            code_lines=180, wave=wave, cycle=cycle if copy == 0 else None, unlocks=unlocks,
        )
        for copy in range(copies)
        for unit, kind, title, paths, wave, cycle, unlocks in UNITS
    ]  # fmt: skip
    edges = [
        Edge(source=name(source, copy), needs=name(needs, copy), kind=kind)
        for copy in range(copies)
        for source, needs, kind in NEEDS
    ]
    waves = tuple(tuple(unit.id for unit in units if unit.wave == wave) for wave in range(7))
    cycle = (name("module:csrc/runtime/allocator.cpp", 0), name("module:csrc/runtime/stream_pool.cpp", 0))
    path = ("build:setup.py", "module:csrc/runtime/stream_pool.cpp", "kernel-family:csrc/quant.cu", "extension:acme._C",
            "module:src/models/attention.py", "module:src/train/loop.py", "deploy:docker/Dockerfile")  # fmt: skip
    critical = tuple(name(unit, 0) for unit in path)
    return Graph(
        units=tuple(units),
        edges=tuple(edges),
        waves=waves,
        cycles=(cycle,),
        critical_path=dict.fromkeys(TARGETS, critical),
    )


def _finding_days(
    target: str, findings: dict[str, Finding], graph: Graph, unit_days: dict[str, Percentiles]
) -> dict[str, float]:
    """Share each unit's days evenly over its work; what lies in a kernel has no share of its own."""
    days: dict[str, float] = {}
    for unit in graph.units:
        work = [
            item
            for item in unit.findings
            if findings[item].answers[target].effort is not None
            and not findings[item].answers[target].guarded
            and findings[item].suppressed is None
        ]
        carriers = [item for item in work if not findings[item].in_kernel] or work
        days |= {item: unit_days[unit.id].p50 / len(carriers) if item in carriers else 0.0 for item in work}
    return dict(sorted(days.items()))


def _parts(title: str, days: float, taint: str) -> tuple[Part, ...]:
    return (
        Part(title=f"{title}{taint}", kind="kernel", days=days * 0.75, text="0.45 author-days x (254 lines / 100)^0.6 = 2 d"),
        Part(title="rename:runtime", kind="edits", days=days * 0.2, text="3 groups at 4 h / 8 h"),
        Part(title="9 more", kind="rest", days=days * 0.05, text="together = 1 d"),
    )  # fmt: skip


def _estimate(target: str, findings: tuple[Finding, ...], graph: Graph, scenario: Scenario, taint: str) -> Estimate:
    factor = FACTOR[target]
    by_fingerprint = {finding.fingerprint: finding for finding in findings}
    unit_days: dict[str, Percentiles] = {}
    for unit in graph.units:
        hours = 0.0
        for item in unit.findings:
            answer = by_fingerprint[item].answers[target]
            if by_fingerprint[item].suppressed is None and answer.effort is not None and not answer.guarded:
                hours += answer.effort.first[1] / 2 + answer.effort.each[1]
        unit_days[unit.id] = percentiles(hours / 8)
    finding_days = _finding_days(target, by_fingerprint, graph, unit_days)
    fixed = {
        "toolchain-ci": 22.0 * factor,
        "training": 11.0 * factor,
        "accuracy": 28.0 * factor,
        "performance": 28.0 * factor,
    }
    code = sum(days.p50 for days in unit_days.values())
    total = code + sum(fixed.values())
    months = {"rocm": 6.2, "cann": 9.6}[target]
    inflation = {"rocm": 38.0, "cann": 62.0}[target]
    titles = {unit.id: unit.title for unit in graph.units}
    shares = [
        *((unit, titles[unit], "unit", days.p50) for unit, days in unit_days.items() if days.p50),
        *((item, {"toolchain-ci": "Toolchain and CI", "training": "Staff training", "accuracy": "Accuracy alignment",
                  "performance": "Performance tuning"}[item], "fixed", days) for item, days in fixed.items()),
        ("transfer-to-npu", "Import-time device shim", "shared-fix", 4.0),
    ]  # fmt: skip
    whole = sum(row[3] for row in shares)
    contributions = tuple(
        Contribution(item=item, title=title, kind=kind, effort_days=percentiles(days), share=days / whole,
                     criticality=min(0.95, 4 * days / whole), source="judgement" if kind == "fixed" else "",
                     parts=_parts(title, days, taint))
        for item, title, kind, days in sorted(shares, key=lambda row: (-row[3], row[0]))
    )  # fmt: skip
    priced = [item for item in findings if item.role is Role.OWNED and item.suppressed is None]
    changes = []
    for change in (NONE, RENAME, ADAPT, None, REWRITE, BLOCKED):
        group = [item for item in priced if item.answers[target].change is change]
        efforts = [effort for item in group if (effort := item.answers[target].effort) is not None]
        days = sum(effort.first[1] / 2 + effort.each[1] for effort in efforts) / 8
        changes.append(
            ChangeTotal(
                change=change,
                findings=len(group),
                effort_days=percentiles(days),
                where=(group[0].path if group else ""),
            )
        )
    return Estimate(
        target=target, chip="cdna3" if target == "rocm" else "910b", scenario="default", stage=Stage.PARITY,
        baseline=Baseline(months=12, staff=4, source="default"), effort_days=percentiles(total), months=percentiles(months),
        inflation_percent=percentiles(inflation),
        cost=percentiles(total * scenario.rate.amount) if scenario.rate is not None else None,
        currency=scenario.rate.currency if scenario.rate is not None else "",
        grade=Grade(letter=Evidence.B, reasons=("82 % of the effort rests on curated answers or tables", f"4 % of the findings are unknown{taint}")),
        basis_share={"curated": 0.61, "table": 0.21, "default": 0.14, "none": 0.04}, unknown_share=0.04,
        changes=tuple(changes),
        lines=(
            CostLine(id="code", title="Porting code", effort_days=percentiles(code * 0.55)),
            CostLine(id="kernels", title="Kernels", effort_days=percentiles(code * 0.45)),
            *(CostLine(id=item, title=item.replace("-", " ").capitalize(), effort_days=percentiles(days)) for item, days in fixed.items()),
        ),
        drivers=contributions[:10], contributions=contributions, schedule=_schedule(months),
        critical_path=graph.critical_path[target],
        curve_months=curve(months), curve_days=curve(total), curve_percent=curve(inflation), unit_days=unit_days,
        finding_days=finding_days,
        views=Views(bottom_up=percentiles(total * 0.92), top_down=percentiles(total * 1.2)),
        parameters=(
            Parameter(id="kappa", title="Person-days per author-day", value="1 to 3, likely 2", unit="", source="E30-E32"),
            Parameter(id="model.hours_per_day", title="Hours in a person-day", value="8", unit="hours", source="judgement"),
            Parameter(id="model.days_per_month", title="Person-days in a person-month", value="19", unit="days", source="judgement"),
            Parameter(id="team", title="Team", value="4", unit="people", source="user"),
            Parameter(id="learning-rate", title="Learning rate", value="0.83", unit="per doubling", source="E29"),
            Parameter(id="ramp-up", title="Ramp-up", value="0.3 to 2, likely 1", unit="months", source="judgement"),
        ),
        mechanical=Mechanical(edits=12, proved=9, effort_share=0.21), seed=20261122, draws=10_000,
        tornado_months=(
            Sensitivity(parameter="team", title="Team size", low=months * 0.6, high=months * 1.5),
            Sensitivity(parameter="fixed", title="Fixed effort", low=months * 0.78, high=months * 1.3),
            Sensitivity(parameter="kernels", title="Kernel effort", low=months * 0.85, high=months * 1.22),
            Sensitivity(parameter="ramp-up", title="Ramp-up", low=months * 0.93, high=months * 1.1),
        ),
        tornado_percent=(
            Sensitivity(parameter="price_ratio", title="Card-hour price ratio", low=inflation * 0.5, high=inflation * 1.6),
            Sensitivity(parameter="fixed", title="Fixed effort", low=inflation * 0.8, high=inflation * 1.3),
        ),
    )  # fmt: skip


def _schedule(months: float) -> tuple[Task, ...]:
    phases = (
        ("toolchain", "Toolchain and CI", "prepare", 0.0, 0.15, 2), ("training", "Staff training", "prepare", 0.0, 0.12, 4),
        ("wave-0", "Wave 0: build and packages", "port", 0.15, 0.25, 2), ("wave-1", "Wave 1: runtime", "port", 0.25, 0.36, 3),
        ("wave-2", "Wave 2: kernels", "port", 0.36, 0.62, 4), ("wave-3", "Waves 3 to 6: modules", "port", 0.6, 0.75, 3),
        ("accuracy", "Accuracy alignment", "prove", 0.62, 0.86, 2), ("performance", "Performance tuning", "prove", 0.7, 1.0, 3),
    )  # fmt: skip
    return tuple(
        Task(id=task, title=title, phase=phase, start=percentiles(start * months), finish=percentiles(finish * months),
             people=people, criticality=0.8 if task in {"wave-2", "performance"} else 0.2)
        for task, title, phase, start, finish, people in phases
    )  # fmt: skip


def _edits(findings: tuple[Finding, ...], taint: str) -> tuple[Edit, ...]:
    swaps = {
        ("runtime-call", "rocm"): ("cuda", "hip"), ("torch-device-string", "cann"): ('"cuda', '"npu'),
        ("torch-cuda-api", "cann"): ("torch.cuda", "torch.npu"),
    }  # fmt: skip
    return tuple(
        Edit(fingerprint=finding.fingerprint, target=target, path=finding.path, line=finding.span.line, before=finding.snippet,
             after=finding.snippet.replace(*swap), proved=finding.symbol != "cudaMallocAsync",
             reason="" if finding.symbol != "cudaMallocAsync" else f"the pool argument differs{taint}")
        for finding in findings
        for (rule, target), swap in swaps.items()
        if finding.rule == rule and finding.role is Role.OWNED
    )  # fmt: skip
