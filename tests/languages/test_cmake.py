"""What the CMake front end reads off a build file."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from migrate import rulebook
from migrate.languages import front_end
from migrate.model import Extraction, Link, LinkKind, NameSet, Role, SourceFile, Use, UseKind, Vocabulary
from migrate.scan import read

FLAGS = NameSet(
    exact=frozenset(
        {
            "enable_language",
            "find_package",
            "project",
            "cuda_add_library",
            "CMAKE_CUDA_ARCHITECTURES",
            "CMAKE_CUDA_FLAGS",
            "CUDA_NVCC_FLAGS",
            "CUDA_LIBRARIES",
            "CUDA_FOUND",
            "CUDA_SEPARABLE_COMPILATION",
            "COMPILE_LANGUAGE",
            "-gencode",
            "-arch",
            "-rdc",
            "-Xptxas",
            "--use_fast_math",
            "CUDA::cudart",
            "CUDA::cuda_driver",
            "NCCL::nccl",
            "cuda_std_17",
        }
    ),
    globs=("CUDA::cub*",),
)
VOCABULARY = Vocabulary(
    anchors=(),
    names={
        UseKind.FLAG: FLAGS,
        UseKind.ENV: NameSet(exact=frozenset({"CUDA_HOME"})),
        UseKind.INCLUDE: NameSet(exact=frozenset({"nccl.h"})),
    },
)


def extract(text: str, vocabulary: Vocabulary = VOCABULARY, path: str = "CMakeLists.txt") -> Extraction:
    """Read one build file."""
    file = SourceFile(path=path, language="cmake", content="", lines=0, code_lines=0, role=Role.OWNED)
    return front_end("cmake").extract(file, text, vocabulary)


def seen(text: str) -> list[tuple[str, str]]:
    """Return name and text of the uses."""
    return [(use.name, use.text) for use in extract(text).uses]


def only(text: str) -> Use:
    """Return the one use of a text."""
    (use,) = extract(text).uses
    return use


def links(text: str) -> list[tuple[LinkKind, str, str]]:
    """Return kind, end and unit of the links."""
    return [(link.kind, link.to, link.via) for link in extract(text).links]


# --------------------------------------------------------------------------------------------------- commands


def test_a_command_carries_its_arguments() -> None:
    use = only('\n  Enable_Language( CUDA\n "HIP" ) # c\n')
    assert use.name == "enable_language"
    assert use.args == {"0": "CUDA", "1": "HIP", "value": "CUDA HIP"}
    assert (use.span.line, use.span.column, use.span.end_line, use.span.end_column) == (2, 3, 3, 9)
    assert use.text == 'Enable_Language( CUDA\n "HIP" )'


def test_a_command_needs_its_bracket() -> None:
    assert seen("enable_language CUDA\nset(x enable_language)\n") == [("enable_language", "enable_language")]


@pytest.mark.parametrize(
    "text",
    [
        "# enable_language(CUDA)\n",
        "#[[ enable_language(CUDA)\n enable_language(CUDA) ]]\n",
        "#[==[ ]] enable_language(CUDA) ]==]\n",
        'message("${CUDA_LIBRARIES} --use_fast_math")\n',
        "set(x [[ ${CUDA_LIBRARIES} --use_fast_math ]])\n",
        'set(x "enable_language(CUDA)")\n',
        "target_link_libraries(x other -lother)\n",
    ],
)
def test_comments_prose_and_literals_hold_no_use(text: str) -> None:
    assert seen(text) == []


def test_brackets_nest_in_arguments() -> None:
    assert seen("if((A) AND (NOT CUDA_FOUND))\nendif()\nproject(p)") == [
        ("CUDA_FOUND", "CUDA_FOUND"),
        ("project", "project(p)"),
    ]


# --------------------------------------------------------------------------------------- variables and values


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('set(CMAKE_CUDA_ARCHITECTURES "80;90" CACHE STRING "")', "80;90 CACHE STRING "),
        ("set(CMAKE_CUDA_ARCHITECTURES 80 90)", "80 90"),
        ("list(APPEND CMAKE_CUDA_ARCHITECTURES 100)", "100"),
    ],
)
def test_setting_a_variable_is_one_use_with_its_value(text: str, value: str) -> None:
    use = only(text)
    assert (use.name, use.args["value"], use.text) == ("CMAKE_CUDA_ARCHITECTURES", value, text)


def test_a_variable_that_extends_itself_is_one_use() -> None:
    assert seen('set(CMAKE_CUDA_FLAGS "${CMAKE_CUDA_FLAGS} -O3")') == [
        ("CMAKE_CUDA_FLAGS", 'set(CMAKE_CUDA_FLAGS "${CMAKE_CUDA_FLAGS} -O3")')
    ]


def test_reading_variables_is_a_use() -> None:
    text = 'target_link_libraries(x ${CUDA_LIBRARIES})\nset(y "$ENV{CUDA_HOME}/lib")\nif(DEFINED CUDA_FOUND)\n'
    assert seen(text) == [
        ("CUDA_LIBRARIES", "${CUDA_LIBRARIES}"),
        ("CUDA_HOME", "$ENV{CUDA_HOME}"),
        ("CUDA_FOUND", "CUDA_FOUND"),
    ]
    assert [use.kind for use in extract(text).uses] == [UseKind.FLAG, UseKind.ENV, UseKind.FLAG]


def test_a_property_carries_its_value() -> None:
    use = only("set_target_properties(x PROPERTIES CUDA_SEPARABLE_COMPILATION ON)")
    assert (use.name, use.args) == ("CUDA_SEPARABLE_COMPILATION", {"value": "ON"})


def test_generator_expressions_carry_what_they_ask() -> None:
    found = extract("target_compile_options(x PRIVATE $<$<COMPILE_LANGUAGE:CUDA>:--use_fast_math;-rdc=true>)").uses
    assert [(use.name, use.args, use.text) for use in found] == [
        ("COMPILE_LANGUAGE", {"value": "CUDA"}, "$<COMPILE_LANGUAGE:CUDA"),
        ("--use_fast_math", {}, "--use_fast_math"),
        ("-rdc", {"value": "true"}, "-rdc=true"),
    ]


# ------------------------------------------------------------------------------------------------------ flags


@pytest.mark.parametrize(
    ("text", "name", "value", "exact"),
    [
        ("add_compile_options(-arch=sm_80)", "-arch", "sm_80", "-arch=sm_80"),
        ("add_compile_options(-arch sm_80)", "-arch", "sm_80", "-arch"),
        (
            'set(x "-O3 -gencode arch=compute_80,code=sm_80")',
            "-gencode",
            "arch=compute_80,code=sm_80",
            "-gencode",
        ),
        ('set(x "SHELL:-Xptxas -v")', "-Xptxas", "-v", "-Xptxas"),
        (
            "set(x -DCMAKE_CUDA_ARCHITECTURES=90)",
            "CMAKE_CUDA_ARCHITECTURES",
            "90",
            "CMAKE_CUDA_ARCHITECTURES=90",
        ),
        ("set(x --use_fast_math -O3)", "--use_fast_math", "", "--use_fast_math"),
        ("set(x -arch=sm_${ARCH})", "-arch", "sm_${ARCH}", "-arch=sm_${ARCH}"),
    ],
)
def test_flags_inside_values(text: str, name: str, value: str, exact: str) -> None:
    use = only(text)
    assert (use.name, use.args.get("value", ""), use.text) == (name, value, exact)
    assert text[use.span.column - 1 : use.span.end_column - 1] == exact


def test_libraries_have_one_name_however_they_are_written() -> None:
    text = 'target_link_libraries(x PRIVATE CUDA::cudart cudart -lcudart cuda "cublasLt" custom cudartx::y)'
    assert seen(text) == [
        ("CUDA::cudart", "CUDA::cudart"),
        ("CUDA::cudart", "cudart"),
        ("CUDA::cudart", "-lcudart"),
        ("CUDA::cuda_driver", "cuda"),
        ("CUDA::cublasLt", "cublasLt"),
    ]
    assert seen("set(x cudart)") == []


@pytest.mark.parametrize(
    ("text", "name", "exact"),
    [
        ("list(APPEND EXTRA_LIBS cudart)", "CUDA::cudart", "cudart"),
        ("set(MATH_DEPENDENCIES nccl)", "NCCL::nccl", "nccl"),
        ("find_library(here NAMES cudart HINTS /opt)", "CUDA::cudart", "cudart"),
        ("set(x CUDA::cublas${suffix})", "CUDA::cublas", "CUDA::cublas"),
        ("target_link_libraries(x $<$<BOOL:${on}>:CUDA::cublas${suffix}>)", "CUDA::cublas", "CUDA::cublas"),
        ("target_compile_features(x PUBLIC $<BUILD_INTERFACE:cuda_std_17>)", "cuda_std_17", "cuda_std_17"),
    ],
)
def test_libraries_and_features_in_lists_and_expressions(text: str, name: str, exact: str) -> None:
    use = only(text)
    assert (use.name, use.text) == (name, exact)
    assert text[use.span.column - 1 : use.span.end_column - 1] == exact


@pytest.mark.parametrize(
    "text",
    [
        "list(APPEND CALIBRATION cudart)",
        "set(${prefix}_LIBS_FOUND_BY ${cudart})",
        'option(x "Build with --use_fast_math and -rdc" OFF)',
        'set(x "" CACHE STRING "Flags such as -gencode")',
    ],
)
def test_other_lists_and_descriptions_hold_no_use(text: str) -> None:
    assert seen(text) == []


@pytest.mark.parametrize("command", ["find_package", "find_dependency", "rapids_find_package", "CPMFindPackage"])
def test_wrappers_look_for_packages_like_the_command_itself(command: str) -> None:
    use = only(f"{command}(CUDAToolkit REQUIRED)")
    assert (use.name, use.args["0"], use.text) == ("find_package", "CUDAToolkit", f"{command}(CUDAToolkit REQUIRED)")


def test_headers_are_uses_where_they_are_looked_for() -> None:
    use = only("find_path(x NAMES nccl.h)")
    assert (use.kind, use.name, use.text) == (UseKind.INCLUDE, "nccl.h", "nccl.h")
    assert seen("install(FILES nccl.h)") == []


# --------------------------------------------------------------------------------------------------- branches


@pytest.mark.parametrize(
    ("condition", "targets"),
    [
        ("USE_ROCM", ("rocm",)),
        ("NOT HIP_FOUND", ("rocm",)),
        ('GPU_LANG STREQUAL "hip"', ("rocm",)),
        ("WITH_NPU OR USE_MUSA", ("cann", "musa")),
        ('DEVICE STREQUAL "ascend"', ("cann",)),
        ("ENABLE_SYCL", ("intel",)),
        ("USE_MLU", ("mlu",)),
        ("USE_CUDA", ()),
        ("CMAKE_SYSTEM_PROCESSOR STREQUAL amd64", ()),
        ("WHIPPED OR CHIP", ()),
    ],
)
def test_a_condition_names_targets(condition: str, targets: tuple[str, ...]) -> None:
    text = f"if({condition})\nelse()\nenable_language(CUDA)\nendif()\nenable_language(CUDA)"
    assert [use.guarded_by for use in extract(text).uses] == [targets, ()]


def test_branches_before_the_one_that_names_the_target_are_guarded_too() -> None:
    text = """
if(USE_CUDA)
  if(A)
    enable_language(CUDA)
  endif()
elseif(USE_ROCM)
  if(USE_NPU)
    enable_language(HIP)
  endif()
endif()
enable_language(CUDA)
"""
    assert [use.guarded_by for use in extract(text).uses] == [("rocm",), ("cann", "rocm"), ()]


def test_a_file_in_another_targets_folder_is_nobodys_work() -> None:
    text = "if(USE_NPU)\nenable_language(CUDA)\nendif()"
    guards = [use.guarded_by for use in extract(text, path="src/core-musa/CMakeLists.txt").uses]
    assert guards == [("*", "cann", "musa")]


@pytest.mark.parametrize(
    ("cuda", "sibling", "targets"),
    [
        ("USE_CUDA", "USE_ROCM", ("rocm",)),
        ("GGML_CUDA AND NOT WIN32", "GGML_HIP AND NOT WIN32", ("rocm",)),
        ("USE_NCCL", "USE_RCCL", ("rocm",)),
        ('DEVICE STREQUAL "cuda"', 'DEVICE STREQUAL "npu"', ("cann",)),
        ("USE_CUDA", "WITH_ROCM", ()),
        ("USE_CUDA", "NOT USE_ROCM", ()),
        ("USE_OPENMP", "USE_ROCM", ()),
    ],
)
def test_a_branch_of_the_same_shape_beside_it_answers_the_one_for_cuda(
    cuda: str, sibling: str, targets: tuple[str, ...]
) -> None:
    for first, second in ((cuda, sibling), (sibling, cuda)):
        text = f"if({first})\nenable_language(CUDA)\nendif()\nfoo()\nif({second})\nenable_language(CUDA)\nendif()\n"
        at = 0 if first == cuda else 1
        assert extract(text).uses[at].guarded_by == targets


def test_a_branch_on_another_level_answers_nothing() -> None:
    text = "if(A)\nif(USE_ROCM)\nendif()\nendif()\nif(USE_CUDA)\nenable_language(CUDA)\nendif()\n"
    assert only(text).guarded_by == ()


def test_unbalanced_branches_are_survived() -> None:
    assert [
        use.guarded_by for use in extract("endif()\nelseif(USE_ROCM)\nproject(a)\nif(USE_ROCM)\nproject(b)").uses
    ] == [
        (),
        ("rocm",),
    ]


# ------------------------------------------------------------------------------------------------------ links


def test_sources_reach_their_target_through_lists() -> None:
    text = """
set(KERNELS csrc/a.cu ${CMAKE_CURRENT_SOURCE_DIR}/csrc/b.cu)
list(APPEND ALL ${KERNELS} main.cpp)
file(GLOB MORE CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/more/*.cc)
add_library(core STATIC ${ALL} ${MORE} ${UNKNOWN} core.h)
cuda_add_library(core2 ${KERNELS})
pybind11_add_module(_C bind.cpp)
define_gpu_extension_target(_ext LANGUAGE CUDA SOURCES "x.cu;y.cu")
target_sources(core PRIVATE z.cu)
find_library(L z.cu)
"""
    build = LinkKind.BUILD
    assert links(text) == [
        (build, "csrc/a.cu", "core"),
        (build, "csrc/b.cu", "core"),
        (build, "main.cpp", "core"),
        (build, "more/*.cc", "core"),
        (build, "csrc/a.cu", "core2"),
        (build, "csrc/b.cu", "core2"),
        (build, "bind.cpp", "_C"),
        (build, "x.cu", "_ext"),
        (build, "y.cu", "_ext"),
        (build, "z.cu", "core"),
    ]
    assert extract(text).links[0].line == 5


def test_lists_that_hold_each_other_end() -> None:
    assert links("set(A ${B} a.cu)\nset(B ${A} b.cu)\nadd_library(x ${A})") == [
        (LinkKind.BUILD, "b.cu", "x"),
        (LinkKind.BUILD, "a.cu", "x"),
    ]


def test_what_is_linked_found_and_included() -> None:
    text = """
target_link_libraries(x PRIVATE CUDA::cublas -lcudart debug y)
find_package(CUDAToolkit 12 REQUIRED)
add_subdirectory(${CMAKE_CURRENT_SOURCE_DIR}/sub/)
include(cmake/x.cmake)
include(CheckLanguage)
"""
    assert extract(text).links == (
        Link(kind=LinkKind.LINK, to="CUDA::cublas", via="x", line=2),
        Link(kind=LinkKind.LINK, to="cudart", via="x", line=2),
        Link(kind=LinkKind.LINK, to="y", via="x", line=2),
        Link(kind=LinkKind.REQUIRES, to="CUDAToolkit", line=3),
        Link(kind=LinkKind.INCLUDE, to="sub/CMakeLists.txt", line=4),
        Link(kind=LinkKind.INCLUDE, to="cmake/x.cmake", line=5),
    )


# --------------------------------------------------------------------------------------------------- the file


def test_facts_about_the_file() -> None:
    found = extract("# c\n\nfunction(My_Add x) # d\n  set(a\n    b)\nendfunction()\n#[[\nx\n]]\n")
    assert found.definitions == ("my_add",)
    assert found.code_lines == 4
    assert not found.generated
    assert extract("# Generated by CMake 3.22\nset(a b)\n").generated


@given(st.text(st.sampled_from("a(){}[]=#\"'\\$<>:;\n\r \t-,ENV\0é𝕏"), max_size=200))
@settings(max_examples=300, deadline=None)
def test_any_text_is_read_and_spans_stay_inside(text: str) -> None:
    names = dict.fromkeys(UseKind, NameSet(globs=("*",)))
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    for use in extract(text, Vocabulary(anchors=(), names=names)).uses:
        span = use.span
        assert (1, 1) <= (span.line, span.column) <= (span.end_line, span.end_column)
        assert span.end_line <= len(lines)
        assert use.text
        if span.line == span.end_line:
            assert lines[span.line - 1][span.column - 1 : span.end_column - 1] == use.text


@pytest.mark.parametrize(
    "text",
    [
        "a(" * 100_000,
        "[[" * 100_000,
        "[=" * 100_000,
        "#[[" * 100_000,
        'set(x a"b' * 50_000,
        "set(x " + "${a" * 100_000,
        "set(x " + "-a::" * 100_000,
        "if(USE_ROCM)\n" * 50_000 + "project(a)",
        "if(USE_CUDA)\nendif()\nif(USE_ROCM)\nendif()\n" * 20_000,
        "if(" + "A_CUDA STREQUAL " * 50_000 + ")",
        "set(A " + "a.cu " * 20_000 + ")\n" + "add_library(x ${A})\n" * 5_000,
        "\\" * 200_000,
        "#" + " " * 200_000,
    ],
)
def test_hostile_text_takes_linear_time(text: str) -> None:
    extract(text)


def test_folders_of_the_toolkit() -> None:
    vocabulary = Vocabulary(anchors=(), names={UseKind.STRING: NameSet(globs=("/usr/local/cuda*",))})
    text = 'include_directories(/usr/local/cuda/include ${A}/usr/local/cuda)\nset(F "-L/usr/local/cuda-12/lib64 -lx")\n'
    assert [(use.name, use.span.line, use.span.column) for use in extract(text, vocabulary).uses] == [
        ("/usr/local/cuda/include", 1, 21),
        ("/usr/local/cuda-12/lib64", 2, 10),
    ]


def test_a_variable_says_which_command_sets_it() -> None:
    vocabulary = Vocabulary(anchors=(), names={UseKind.FLAG: NameSet(globs=("*USE_CUDA",))})
    text = 'option(X_USE_CUDA "Use it" ON)\nset(USE_CUDA OFF)\nif(USE_CUDA)\nendif()\n'
    assert [(use.name, use.args.get("command")) for use in extract(text, vocabulary).uses] == [
        ("X_USE_CUDA", "option"),
        ("USE_CUDA", "set"),
        ("USE_CUDA", None),
    ]


SWITCHES = Vocabulary(anchors=(), names={UseKind.FLAG: NameSet(globs=("*CUDA*",))})


def switches(text: str) -> list[tuple[str, str | None]]:
    """Return the switches of a text and how they are used."""
    return [(use.name, use.args.get("command")) for use in extract(text, SWITCHES).uses]


@pytest.mark.parametrize(
    "written",
    [
        "set(X_CUDA ON)",
        "list(APPEND X_CUDA a)",
        'string(TOLOWER "${A}" X_CUDA)',
        "foreach(X_CUDA a b)\nendforeach()",
        "execute_process(COMMAND a OUTPUT_VARIABLE X_CUDA)",
        "function(f X_CUDA)\nendfunction()",
        "find_path(X_CUDA a.h)",
    ],
)
def test_what_a_file_computes_itself_is_no_switch(written: str) -> None:
    assert ("X_CUDA", "if") not in switches(f"{written}\nif(X_CUDA)\nendif()\n")


@pytest.mark.parametrize("handed", ["", 'option(X_CUDA "" ON)\nset(X_CUDA OFF)\n', 'set(X_CUDA ON CACHE BOOL "")\n'])
def test_a_condition_asks_for_a_switch(handed: str) -> None:
    assert switches(f"{handed}if(NOT X_CUDA)\nendif(X_CUDA)\n")[-1] == ("X_CUDA", "if")


def test_macros_for_the_compiler_are_switches() -> None:
    text = 'add_definitions(-DA_CUDA=1)\ntarget_compile_definitions(x PRIVATE B_CUDA=2 C)\nset(F "-DC_CUDA")\n'
    assert switches(text) == [("A_CUDA", "define"), ("B_CUDA", "define"), ("C_CUDA", "define")]
    assert extract(text, SWITCHES).uses[1].args["value"] == "2"


def test_what_a_switch_is_compared_with() -> None:
    assert switches('if(GPU STREQUAL "CUDA")\nelseif("CUDA" STREQUAL GPU)\nendif()\n') == [("CUDA", "if")]


def test_a_variable_kept_for_whoever_builds() -> None:
    found = extract('set(X_CUDA ON CACHE BOOL "")\nset(Y_CUDA ON)\n', SWITCHES).uses
    assert [use.args.get("cache") for use in found] == ["true", None]


def test_a_template_names_the_variable_that_fills_it_in() -> None:
    (use,) = extract("if(@X_CUDA@)\nendif()\n", SWITCHES).uses
    assert (use.name, use.text, use.span.column) == ("X_CUDA", "X_CUDA", 5)


def test_a_variable_of_the_environment_is_not_one_of_cmake_too() -> None:
    names = NameSet(exact=frozenset({"CUDA_PATH"}))
    vocabulary = Vocabulary(anchors=(), names={UseKind.FLAG: names, UseKind.ENV: names})
    (use,) = extract("find_path(A a.h HINTS ENV CUDA_PATH)", vocabulary).uses
    assert (use.kind, use.name) == (UseKind.ENV, "CUDA_PATH")


def test_the_language_of_a_list_says_which_list() -> None:
    vocabulary = Vocabulary(anchors=(), names={UseKind.FLAG: NameSet(exact=frozenset({"CUDA"}))})
    (use,) = extract("list(APPEND X_LANGUAGES CUDA)", vocabulary).uses
    assert use.args == {"variable": "X_LANGUAGES"}


def test_variables_of_the_environment_in_all_their_forms() -> None:
    text = 'if(DEFINED ENV{CUDA_HOME})\nset(A "$ENV{CUDA_HOME}/x")\nfind_path(B a.h HINTS ENV CUDA_HOME)\nendif()\n'
    assert seen(text) == [("CUDA_HOME", "ENV{CUDA_HOME}"), ("CUDA_HOME", "$ENV{CUDA_HOME}"), ("CUDA_HOME", "CUDA_HOME")]
    assert {use.kind for use in extract(text).uses} == {UseKind.ENV}


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("set(CMAKE_CUDA_COMPILER nvcc)", 1),
        ('set(X "$ENV{A}/bin/nvcc")', 1),
        ("find_program(X NAMES nvcc)", 1),
        ("set(LANGUAGES nvcc)", 0),
        ("set(nvcc /opt/bin)", 0),
    ],
)
def test_programs_that_variables_stand_for(text: str, count: int) -> None:
    vocabulary = Vocabulary(anchors=(), names={UseKind.STRING: NameSet(exact=frozenset({"nvcc"}))})
    found = extract(text, vocabulary).uses
    assert [(use.name, text[use.span.column - 1 : use.span.end_column - 1]) for use in found] == [
        ("nvcc", "nvcc")
    ] * count


def test_fetched_source_goes_by_its_own_name() -> None:
    names = {"fetchcontent_declare", "cpmaddpackage", "fetchcontent_makeavailable", "find_package"}
    vocabulary = Vocabulary(anchors=(), names={UseKind.FLAG: NameSet(exact=frozenset(names))})
    text = (
        "FetchContent_Declare(\n  CCCL\n  GIT_REPOSITORY https://x/cccl)\n"
        "FetchContent_MakeAvailable(fmt CCCL)\n"
        "CPMAddPackage(NAME rmm GITHUB_REPOSITORY x/rmm)\n"
        "find_package_handle_standard_args(NCCL DEFAULT_MSG X)\n"
        "find_package(NCCL)\n"
    )
    found = extract(text, vocabulary).uses
    assert [(use.name, use.symbol, use.span.line) for use in found] == [
        ("fetchcontent_declare", "CCCL", 1),
        ("fetchcontent_makeavailable", "fmt", 4),
        ("fetchcontent_makeavailable", "CCCL", 4),
        ("cpmaddpackage", "rmm", 5),
        ("find_package", "NCCL", 6),
        ("find_package", "", 7),
    ]


def test_libraries_by_their_file() -> None:
    assert seen('set(NCCL_LIBNAME "libcudart.a")') == [("CUDA::cudart", "libcudart.a")]


@pytest.mark.parametrize("line", ["enable_language(HIP)", "find_package(hip REQUIRED)", "project(x LANGUAGES CXX HIP)"])
def test_other_languages_and_packages_pass_the_rules(line: str) -> None:
    file = SourceFile(path="CMakeLists.txt", language="cmake", content="", lines=1, code_lines=0, role=Role.OWNED)
    assert read(file, line + "\n", rulebook.shipped()).sightings == ()


def test_programs_that_are_looked_for_or_run() -> None:
    vocabulary = Vocabulary(anchors=(), names={UseKind.STRING: NameSet(exact=frozenset({"nvcc"}))})
    text = (
        "find_program(NVCC nvcc)\nexecute_process(COMMAND ${B}/bin/nvcc --version)\nset(A nvcc)\n"
        "add_custom_command(OUTPUT a COMMAND nvcc -c a.cu)\n"
    )
    assert [(use.args, use.span.line, use.span.column) for use in extract(text, vocabulary).uses] == [
        ({"callee": "find_program"}, 1, 19),
        ({"callee": "execute_process"}, 2, 34),
        ({"callee": "add_custom_command"}, 4, 37),
    ]


def test_options_carry_their_name() -> None:
    vocabulary = Vocabulary(anchors=(), names={UseKind.FLAG: NameSet(exact=frozenset({"option"}))})
    found = extract('option(X_SUPPORT_CUDA "Use it" ON)\n', vocabulary).uses
    assert [(use.name, use.symbol, use.args["0"]) for use in found] == [("option", "X_SUPPORT_CUDA", "X_SUPPORT_CUDA")]


def test_a_function_of_that_name_is_defined_not_called() -> None:
    vocabulary = Vocabulary(anchors=(), names={UseKind.FLAG: NameSet(globs=("rapids_cpm_*",))})
    assert extract("function(rapids_cpm_cccl)\nendfunction()\n", vocabulary).uses == ()
    assert len(extract("rapids_cpm_cccl(X)\n", vocabulary).uses) == 1
