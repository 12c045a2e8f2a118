"""Extensions, libraries and operators that Python files build, load and offer."""

from __future__ import annotations

import ast
import textwrap

import pytest

from migrate import rulebook
from migrate.languages.python import PythonFrontEnd
from migrate.languages.python_links import builder_links
from migrate.languages.python_names import Binder
from migrate.languages.python_paths import texts
from migrate.model import LinkKind, Role, SourceFile
from migrate.model.links import HIPIFIED, PROVIDES

VOCABULARY = rulebook.shipped().vocabulary("python")


def links(text: str, path: str = "setup.py") -> list[tuple[str, str, str]]:
    file = SourceFile(path=path, language="python", content="", lines=1, code_lines=0, role=Role.OWNED)
    found = PythonFrontEnd().extract(file, textwrap.dedent(text), VOCABULARY).links
    return [(link.kind.value, link.to, link.via) for link in found if link.kind != LinkKind.IMPORT]


def built(text: str) -> set[tuple[str, str]]:
    return {(via, to) for kind, to, via in links(text) if kind == "build"}


def hipified(text: str) -> set[str]:
    return {to for _, to, via in links(text) if via == HIPIFIED}


# ----------------------------------------------------------------------------------------------- strings and paths


@pytest.mark.parametrize(
    ("expression", "values"),
    [
        ("'a.cu'", ["a.cu"]),
        ("['a.cu'] + ['b.cu', 'a.cu']", ["a.cu", "b.cu"]),
        ("os.path.join(here, 'csrc', 'a.cu')", ["csrc/a.cu"]),
        ("here / 'csrc' / 'a.cu'", ["csrc/a.cu"]),
        ("Path(here, 'a.cu')", ["a.cu"]),
        ("[os.path.join('csrc', n) for n in ['a.cu', 'b.cu']]", ["csrc/a.cu", "csrc/b.cu"]),
        ("glob.glob(os.path.join(here, 'csrc', '*.cu'))", ["csrc/*.cu"]),
        ("sorted(Path('csrc').rglob('*.cu'))", ["csrc/*.cu"]),
        ("f'csrc/{name}_cuda.cu'", ["csrc/*_cuda.cu"]),
        ("'csrc/%s.cu' % name", ["csrc/*.cu"]),
        ("'csrc/{}.cu'.format(name)", ["csrc/*.cu"]),
        ("'a' if x else 'b'", ["a", "b"]),
        ("'pkg.' + '_C'", ["pkg._C"]),
        ("unknown(1)", ["*"]),
        ("absolute(['a.cu'])", ["a.cu"]),
        ("names", ["n.cu", "m.cu"]),
        ("loop", ["*"]),
    ],
)
def test_what_an_expression_may_come_to(expression: str, values: list[str]) -> None:
    head = "here = os.path.dirname(__file__)\nnames = ['n.cu']\nnames += ['m.cu']\nloop = loop + [loop]\n"
    tree = ast.parse(head + f"result = {expression}")
    scope = Binder([]).module(tree)
    assigned = tree.body[-1]
    assert isinstance(assigned, ast.Assign)
    assert [text.value for text in texts(assigned.value, scope)] == values


def test_expressions_do_not_grow_without_end() -> None:
    text = "a0 = ['x', 'y']\n" + "".join(f"a{n} = [p + q for p in a{n - 1} for q in a{n - 1}]\n" for n in range(1, 30))
    tree = ast.parse(text + "result = a29")
    assigned = tree.body[-1]
    assert isinstance(assigned, ast.Assign)
    assert len(texts(assigned.value, Binder([]).module(tree))) <= 500


# ------------------------------------------------------------------------------------------------------ extensions


def test_an_extension_by_name_alias_and_choice() -> None:
    text = """
        from torch.utils.cpp_extension import CUDAExtension, CppExtension
        make = CUDAExtension
        Either = CppExtension if no_cuda else CUDAExtension
        a = CUDAExtension("one", ["one.cu"])
        b = make(name="two", sources=["two.cu"])
        c = Either("three", sources=glob.glob("three/*.cu"))
        d = CppExtension("four", ["four.cpp"])
    """
    assert built(text) == {("one", "one.cu"), ("two", "two.cu"), ("three", "three/*.cu"), ("four", "four.cpp")}
    assert hipified(text) == {"one", "two", "three"}


def test_a_name_that_a_loop_makes_is_known_in_part() -> None:
    text = """
        from torch.utils.cpp_extension import CUDAExtension
        for name in names:
            e = CUDAExtension(f"pkg._{name}_cuda", [f"csrc/{name}.cpp", f"csrc/cuda/{name}_cuda.cu"])
    """
    assert built(text) == {("pkg._*_cuda", "csrc/*.cpp"), ("pkg._*_cuda", "csrc/cuda/*_cuda.cu")}
    assert ("binding", "module:pkg._*_cuda", PROVIDES) in links(text)


def test_an_extension_built_when_it_is_loaded() -> None:
    text = "from torch.utils.cpp_extension import load\nm = load(name='fused', sources=['fused.cpp', 'fused.cu'])\n"
    assert built(text) == {("fused", "fused.cpp"), ("fused", "fused.cu")}
    assert hipified(text) == {"fused"}


def test_a_script_of_endless_extensions_ends() -> None:
    text = (
        "from torch.utils.cpp_extension import CUDAExtension\ns = ['"
        + "', '".join(f"{n}.cu" for n in range(600))
        + "']\n"
    )
    assert len(links(text + "CUDAExtension('x', s)\n" * 3_000)) < 60_000


def test_an_extension_of_cffi() -> None:
    text = "ffi = FFI()\nffi.set_source('pkg._native', 'int f(void);', sources=['csrc/a.c'])\n"
    assert built(text) == {("pkg._native", "csrc/a.c")}
    assert hipified(text) == set()


def test_a_build_script_that_translates_by_itself() -> None:
    text = """
        from torch.utils.hipify import hipify_python
        hipify_python.hipify(project_directory=here, includes=["csrc/*", "other/*"], is_pytorch_extension=True)
    """
    assert hipified(text) == {"csrc/*", "other/*"}
    assert hipified("from torch.utils.hipify import hipify_python\nhipify_python.hipify(project_directory=here)") == {
        "*"
    }


def test_builders_that_are_classes() -> None:
    text = textwrap.dedent("""
        class FusedBuilder(CUDAOpBuilder):
            NAME = "fused"
            def sources(self):
                return ["csrc/fused.cpp", "csrc/fused.cu"]
        class Other:
            def sources(self):
                return ["csrc/no.cu"]
    """)
    classes = [node for node in ast.walk(ast.parse(text)) if isinstance(node, ast.ClassDef)]
    found = [link for node in classes for link in builder_links(node)]
    assert [(link.kind.value, link.to, link.via, link.line) for link in found] == [
        ("binding", "module:FusedBuilder", PROVIDES, 2),
        ("build", "csrc/fused.cpp", "FusedBuilder", 5),
        ("build", "csrc/fused.cu", "FusedBuilder", 5),
    ]
    used = links("import torch\ntorch.cuda.synchronize()\nop = FusedBuilder().load(torch.cuda.device(0))\n", "ops.py")
    assert used == [("binding", "module:FusedBuilder", "")]


# ------------------------------------------------------------------------------------------- libraries, operators


def test_a_library_loaded_by_ctypes_and_what_is_called_in_it() -> None:
    text = """
        import ctypes as ct
        from pathlib import Path
        folder = Path(__file__).parent
        path = folder / f"libfast_cuda{version}.so"
        lib = ct.cdll.LoadLibrary(str(path))
        lib.cscale(1)
        lib.cscale.restype = None
        torch.cuda.synchronize()
    """
    assert links(text, "pkg/native.py") == [("binding", "lib:libfast_cuda*.so", ""), ("call", "cscale", "")]


def test_the_running_program_is_no_library() -> None:
    assert links("import ctypes\nctypes.CDLL(None)\n", "a.py") == []


def test_operators_that_python_registers() -> None:
    text = """
        import torch
        torch.library.define("mine::scale(Tensor x) -> Tensor", "x")
        lib = torch.library.Library("other", "DEF")
        torch.cuda.synchronize()
    """
    offered = {to for _, to, via in links(text, "setup.py") if via == PROVIDES}
    assert offered == {"ops:mine", "ops:mine::scale", "ops:other"}
