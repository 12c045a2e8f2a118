"""Which places are live, disabled, or guarded for a target."""

from __future__ import annotations

import pytest

from migrate.languages.conditions import TARGET_MACROS, VARYING_MACROS, Build, Expression, target_of
from migrate.languages.lexical import Lexed
from migrate.languages.preprocessor import Preprocessed, targets_of_file


def states(text: str) -> dict[str, str]:
    """Return `letter -> state` for the letters that stand alone on a line."""
    places = Preprocessed(Lexed(text))
    found = {}
    offset = 0
    for line in text.splitlines(keepends=True):
        word = line.strip()
        if len(word) == 1:
            state = places.state(offset)
            found[word] = "disabled" if state.disabled else " ".join(state.guards)
        offset += len(line)
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#if 0\na\n#else\nb\n#endif\nc\n", {"a": "disabled", "b": "", "c": ""}),
        ("#if false\na\n#elif 1\nb\n#else\nc\n#endif\n", {"a": "disabled", "b": "", "c": "disabled"}),
        ("#if 1 || X\na\n#else\nb\n#endif\n", {"a": "", "b": "disabled"}),
        ("#if 0 && X\na\n#endif\n", {"a": "disabled"}),
        ("#if 0\n#if 1\na\n#endif\nb\n#endif\n", {"a": "disabled", "b": "disabled"}),
        ("#if X\na\n#else\nb\n#endif\n", {"a": "", "b": ""}),
    ],
)
def test_disabled(text: str, expected: dict[str, str]) -> None:
    assert states(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#ifdef USE_ROCM\na\n#else\nb\n#endif\nc\n", {"a": "rocm", "b": "rocm", "c": ""}),
        ("#ifndef USE_ROCM\na\n#endif\nc\n", {"a": "rocm", "c": ""}),
        ("#ifndef USE_ROCM\na\n#else\nb\n#endif\n", {"a": "rocm", "b": "rocm"}),
        ("#if defined(__HIP_PLATFORM_AMD__)\na\n#endif\n", {"a": "rocm"}),
        ("#if USE_ROCM\na\n#else\nb\n#endif\n", {"a": "rocm", "b": "rocm"}),
        ("#if USE_ROCM == 1\na\n#else\nb\n#endif\n", {"a": "rocm", "b": "rocm"}),
        ("#if HIP_VERSION >= 60000000\na\n#else\nb\n#endif\n", {"a": "rocm", "b": "rocm"}),
        ("#if !defined(USE_ROCM) && X\na\n#else\nb\n#endif\n", {"a": "rocm", "b": ""}),
        ("#if defined(USE_ROCM) && X\na\n#else\nb\n#endif\n", {"a": "rocm", "b": "rocm"}),
        ("#if !(defined(USE_ROCM) || X)\na\n#endif\n", {"a": "rocm"}),
        ("#if defined(USE_ROCM) || defined(USE_CUDA)\na\n#else\nb\n#endif\n", {"a": "", "b": "rocm"}),
        ("#ifdef __CUDACC__\na\n#else\nb\n#endif\n", {"a": "", "b": ""}),
        ("#if __CUDA_ARCH__ >= 800\na\n#endif\n", {"a": ""}),
        (
            "#if defined(__CUDACC__)\na\n#elif defined(__HIPCC__)\nb\n#else\nc\n#endif\n",
            {"a": "rocm", "b": "rocm", "c": "rocm"},
        ),
        ("#ifdef USE_NPU\na\n#elif USE_ROCM\nb\n#else\nc\n#endif\n", dict.fromkeys("abc", "cann rocm")),
        ("#ifdef USE_ROCM\n#ifdef ASCEND_X\na\n#endif\nb\n#endif\n", {"a": "cann rocm", "b": "rocm"}),
        (
            "#ifdef USE_MUSA\na\n#endif\n#ifdef __BANG__\nb\n#endif\n#ifdef USE_XPU\nc\n#endif\n",
            {"a": "musa", "b": "mlu", "c": "intel"},
        ),
        ("#ifndef __HIP_DEVICE_COMPILE__\na\n#endif\n", {"a": ""}),
        ("#ifdef __HIP_DEVICE_COMPILE__\na\n#else\nb\n#endif\n", {"a": "rocm", "b": "rocm"}),
        ("#if defined(USE_ROCM) ? 1 : 0\na\n#endif\n", {"a": "rocm"}),
        ("#if __has_include(<hip/hip_runtime.h>)\na\n#endif\n", {"a": ""}),
        ("#if FOO(USE_ROCM, 1)\na\n#endif\n", {"a": ""}),
        ("#elif USE_ROCM\na\n#endif\nb\n#endif\n", {"a": "", "b": ""}),
        ("#ifdef USE_ROCM\na\n", {"a": "rocm"}),
        ("#ifdef A\na\n#elifdef USE_ROCM\nb\n#elifndef B\nc\n#endif\n", dict.fromkeys("abc", "rocm")),
        ("#if defined \\\n USE_ROCM\na\n#endif\n", {"a": "rocm"}),
        ("#if defined(USE_ROCM) // no\r\na\r\n#endif\r\nb\r\n", {"a": "rocm", "b": ""}),
    ],
)
def test_guards(text: str, expected: dict[str, str]) -> None:
    assert states(text) == expected


def test_the_conditions_of_a_chain_share_its_guard() -> None:
    text = "#if defined(__CUDACC__)\n#elif defined(__HIPCC__)\n#endif\n"
    places = Preprocessed(Lexed(text))
    assert places.state(text.index("__CUDACC__")).guards == ("rocm",)


def test_deep_nesting() -> None:
    text = "#if A\n" * 5_000 + "#ifdef USE_ROCM\nx\n#endif\n" + "#endif\n" * 5_000 + "y\n"
    assert states(text) == {"x": "rocm", "y": ""}


def test_long_chain() -> None:
    text = "#if A\n" + "#elif B\n" * 5_000 + "#elif USE_ROCM\nx\n#endif\n"
    assert states(text) == {"x": "rocm"}


@pytest.mark.parametrize(
    ("condition", "cuda", "rocm"),
    [
        ("defined USE_ROCM", False, True),
        ("!USE_ROCM", True, False),
        ("USE_ROCM > 2", False, None),
        ("X", None, None),
        ("X && USE_ROCM", False, None),
        ("X || USE_ROCM", None, True),
        ("1 + 1", None, None),
        ("0x10 == 16", True, True),
        ("1'000u == 1000", True, True),
        ("3 < 2 || 2 <= 2 && 1 != 0", True, True),
        ("99999999999999999999999999 == 1", None, None),
        ("-1 < 0", True, True),
        ("true && !false", True, True),
        ("", None, None),
        ("(", None, None),
        ("1 1", None, None),
        ("defined(", None, None),
        ("&& 1", None, None),
        ("'a' == 97", None, None),
        ("(" * 20_000, None, None),
        ("!" * 20_000 + "1", None, None),
        ("1 " + "? 1 : 1 " * 5_000, None, None),
    ],
)
def test_expressions(condition: str, cuda: bool | None, rocm: bool | None) -> None:
    expression = Expression(condition)
    assert (expression.value(Build("cuda")), expression.value(Build("rocm"))) == (cuda, rocm)


def test_macros_belong_to_one_target_each() -> None:
    macros = [(target, glob.replace("*", "X")) for target, globs in TARGET_MACROS.items() for glob in globs]
    assert [(target_of(macro), macro) for _, macro in macros] == macros
    assert all(target_of(glob.replace("*", "X")) for glob in VARYING_MACROS)


@pytest.mark.parametrize(
    ("path", "text", "targets"),
    [
        ("a/b.cu", "", ()),
        ("a/b.hip", "", ("rocm",)),
        ("csrc/hip/b.cu", "", ("rocm",)),
        ("csrc/b_hip.cpp", "", ("rocm",)),
        ("csrc/ship/b.cpp", "", ()),
        ("src/core-sycl/b.hpp", "", ("intel",)),
        ("src/core_musa/b.cuh", "", ("musa",)),
        ("src/hip-tools/hip.cpp", "", ()),
        ("csrc/npu/b.cpp", "", ("cann",)),
        ("a.cu", "#include <hip/hip_runtime.h>\n", ("rocm",)),
        ("a.h", "#ifndef A_H\n#define A_H\n#include <hip/hip_runtime.h>\n#endif\n", ("rocm",)),
        ("a.h", "#ifdef X\n#include <hip/hip_runtime.h>\n#endif\n", ()),
        ("a.h", "#if 0\n#include <hip/hip_runtime.h>\n#endif\n", ()),
        ("a.h", "// #include <hip/hip_runtime.h>\n", ()),
        ("a.cpp", '#include "acl/acl.h"\n', ("cann",)),
    ],
)
def test_files_written_for_a_target(path: str, text: str, targets: tuple[str, ...]) -> None:
    lexed = Lexed(text)
    assert targets_of_file(path, lexed, Preprocessed(lexed)) == targets


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "#ifdef __HIPCC__\n#define ON_A 1\n#else\n#define ON_A 0\n#endif\n#if ON_A\na\n#else\nb\n#endif\n",
            {"a": "rocm", "b": "rocm"},
        ),
        ("#ifdef __HIPCC__\n#define ON_A\n#endif\n#ifdef ON_A\na\n#else\nb\n#endif\n", {"a": "rocm", "b": "rocm"}),
        ("#define ON_A defined(__HIPCC__)\n#if ON_A\na\n#else\nb\n#endif\n", {"a": "rocm", "b": "rocm"}),
        ("#define ON_A defined(__MUSA__)\n#define ON_B ON_A\n#if ON_B\na\n#endif\n", {"a": "musa"}),
        ("#ifdef USE_ROCM\n#define W 64\n#else\n#define W 32\n#endif\n#if W == 32\na\n#endif\n", {"a": "rocm"}),
        (
            "#ifndef A_H\n#define A_H\n#ifdef USE_ROCM\n#define X\n#endif\n#ifdef X\na\n#endif\n#endif\n",
            {"a": "rocm"},
        ),
        ("#ifndef ON_A\n#define ON_A 0\n#endif\n#if ON_A\na\n#else\nb\n#endif\n", {"a": "", "b": ""}),
        ("#ifdef X\n#define ON_A defined(__HIPCC__)\n#endif\n#if ON_A\na\n#endif\n", {"a": ""}),
        ("#if ON_A\na\n#endif\n#define ON_A defined(__HIPCC__)\n", {"a": ""}),
        ("#define TURNED 0\n#if TURNED\na\n#endif\n", {"a": ""}),
        ("#undef NEVER\n#ifdef NEVER\na\n#endif\n#ifdef OTHER\nb\n#endif\n", {"a": "disabled", "b": ""}),
        ("#define ON_A ON_A\n#if ON_A\na\n#endif\n", {"a": ""}),
        ("#define ON_A(x) defined(__HIPCC__)\n#if ON_A(1)\na\n#endif\n", {"a": ""}),
    ],
)
def test_own_macros_that_stand_for_a_platform(text: str, expected: dict[str, str]) -> None:
    assert states(text) == expected


@pytest.mark.parametrize(
    ("macro", "target"),
    [
        ("USE_ROCM", "rocm"),
        ("GGML_USE_HIP", "rocm"),
        ("BUILD_HIP", "rocm"),
        ("TORCH_HIP_VERSION", "rocm"),
        ("__HIP_DEVICE_COMPILE__", "rocm"),
        ("__CANN__", "cann"),
        ("USE_ASCEND_NPU", "cann"),
        ("GGML_USE_MUSA", "musa"),
        ("SYCL_LANGUAGE_VERSION", "intel"),
        ("USE_XPU", "intel"),
        ("__METAL_VERSION__", "metal"),
        ("USE_MACA", "maca"),
        ("DISABLE_HIP", ""),
        ("WITHOUT_ROCM", ""),
        ("USE_CUDA", ""),
        ("__CUDACC__", ""),
        ("SHIP", ""),
    ],
)
def test_macros_of_other_vendors(macro: str, target: str) -> None:
    assert target_of(macro) == target


def test_names_in_nested_conditions_are_read_once() -> None:
    depth = 5_000
    text = "".join(f"#if defined(USE_ROCM) && A{level}\n" for level in range(depth)) + "a\n" + "#endif\n" * depth
    assert states(text) == {"a": "rocm"}


@pytest.mark.parametrize(
    ("condition", "asked", "inside"),
    [
        ("!defined(__CUDA_ARCH__) || defined(USE_ROCM)", "rocm", ""),
        ("CUDA_VERSION >= 10000 || defined(USE_ROCM)", "rocm", ""),
        ("defined(USE_ROCM) || (defined(__CUDA_ARCH__) && (__CUDA_ARCH__ < 600 || CUDA_VERSION < 8000))", "rocm", ""),
        ("__CUDA_ARCH__ >= 700 && !defined(USE_ROCM)", "rocm", "rocm"),
        ("__CUDA_ARCH__ >= 700", "", ""),
        ("__CUDA_ARCH__ >= 700 && (X || defined(USE_ROCM))", "", ""),
    ],
)
def test_a_condition_that_settles_a_target_is_guarded_itself(condition: str, asked: str, inside: str) -> None:
    text = f"#if {condition}\na\n#endif\n"
    places = Preprocessed(Lexed(text))
    assert " ".join(places.state(0).guards) == asked
    assert states(text)["a"] == inside
