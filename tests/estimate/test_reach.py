"""Device functions from text to estimate: what a helper holds is paid with the kernels that reach it, once."""

from __future__ import annotations

from pathlib import Path

import pytest

from migrate import audit, config
from migrate.model import Area, Audit

MMA = """  asm volatile("mma.sync.aligned.m16n8k16.row.col.f32.f16.f16.f32 "
    "{%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
    : "+f"(c[0]), "+f"(c[1]), "+f"(c[2]), "+f"(c[3])
    : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b[0]), "r"(b[1]));
"""
RUN = "void run(float* c, unsigned* a, unsigned* b) { k<<<1, 32>>>(c, a, b); }\n"
INLINE = f"__global__ void k(float* c, unsigned* a, unsigned* b) {{\n{MMA}}}\n{RUN}"
HELPER = f"""namespace n {{
__device__ __forceinline__ void mma(float* c, unsigned* a, unsigned* b) {{
{MMA}}}
}}
__global__ void k(float* c, unsigned* a, unsigned* b) {{
  n::mma(c, a, b);
}}
{RUN}"""


def made(tree: Path, text: str) -> Audit:
    tree.mkdir()
    (tree / "k.cu").write_text(text)
    settings = config.load(tree, flags={"targets": ("rocm",)}, environment={})
    return audit.run(tree, settings, jobs=1, with_edits=False)


def kernel_price(result: Audit) -> float:
    (price,) = (one for one in result.estimates[0].parameters if one.id.startswith("price.kernels:"))
    return float(price.value)


def test_an_instruction_costs_the_same_in_a_helper(tmp_path: Path) -> None:
    inline, helper = made(tmp_path / "inline", INLINE), made(tmp_path / "helper", HELPER)
    assert kernel_price(helper) == pytest.approx(kernel_price(inline), rel=0.3)


def test_a_helper_s_instruction_names_its_kernel_and_carries_nothing(tmp_path: Path) -> None:
    result = made(tmp_path / "helper", HELPER)
    days = result.estimates[0].finding_days
    instructions = [finding for finding in result.findings if finding.area == Area.PTX]
    assert instructions
    assert {finding.in_kernel for finding in instructions} == {"k"}
    assert sum(days[finding.fingerprint] for finding in instructions) == 0
    (kernel,) = (finding for finding in result.findings if finding.kernel is not None)
    # An author-day is at least one person-day; so small a port is hardly pulled by what larger ones took.
    assert days[kernel.fingerprint] >= 0.9 * kernel_price(result)


def test_a_function_that_no_kernel_reaches_is_priced_by_its_rules(tmp_path: Path) -> None:
    result = made(tmp_path / "helper", HELPER.replace("  n::mma(c, a, b);\n", ""))
    days = result.estimates[0].finding_days
    instructions = [finding for finding in result.findings if finding.area == Area.PTX]
    assert {finding.in_kernel for finding in instructions} == {""}
    assert sum(days[finding.fingerprint] for finding in instructions) > 0
