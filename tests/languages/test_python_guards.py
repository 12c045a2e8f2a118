"""Which targets a test asks about, and which stretches of a file other forms than `if` guard."""

from __future__ import annotations

import ast
import textwrap

import pytest

from migrate import rulebook
from migrate.languages.python import PythonFrontEnd
from migrate.languages.python_guards import name_targets, string_targets
from migrate.languages.python_guards import test_targets as targets_of_test
from migrate.languages.python_platforms import Platforms
from migrate.languages.python_source import Source
from migrate.model import Role, SourceFile, Use, UseKind
from migrate.model.links import ASKS

MARK = "x.cuda()"


def _platforms(text: str) -> Platforms:
    tree = ast.parse(text)
    return Platforms(tree, Source(text), [node for node in ast.walk(tree) if isinstance(node, (ast.Dict, ast.IfExp))])


def guards(text: str) -> list[tuple[str, ...]]:
    """Return the guards of each place that holds the mark."""
    text = textwrap.dedent(text)
    source = Source(text)
    uses = []
    at = text.find(MARK)
    while at >= 0:
        uses.append(Use(kind=UseKind.CALL, name=".cuda", span=source.span(at, at + len(MARK)), text=MARK))
        at = text.find(MARK, at + 1)
    return [use.guarded_by for use in _platforms(text).guard(uses)]


def asked(text: str) -> set[tuple[str, str]]:
    text = textwrap.dedent(text)
    return {(link.to, link.via.removeprefix(ASKS)) for link in _platforms(text).links()}


# ----------------------------------------------------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("test", "targets"),
    [
        ("torch.version.hip", {"rocm"}),
        ("torch.npu.is_available()", {"cann"}),
        ("is_torch_npu_available()", {"cann"}),
        ("hasattr(torch, 'npu')", {"cann"}),
        ("importlib.util.find_spec('torch_npu') is not None", {"cann"}),
        ("torch.xpu.is_available()", {"intel"}),
        ("SYSTEM == 'ipex'", {"intel"}),
        ("device.type == 'npu'", {"cann"}),
        ("device_type in ('cuda', 'musa')", {"musa"}),
        ("current_platform.is_rocm()", {"rocm"}),
        ("on_gfx9()", {"rocm"}),
        ("'gfx942' in arch", {"rocm"}),
        ("name.startswith('ascend910b')", {"cann"}),
        ("gfx > 9", set()),
        ("torch.cuda.is_available()", set()),
        ("membership", set()),
    ],
)
def test_what_a_test_asks_about(test: str, targets: set[str]) -> None:
    assert targets_of_test(ast.parse(test, mode="eval").body, lambda _: ()) == targets


def test_words_and_strings() -> None:
    assert name_targets("USE_ROCM") == {"rocm"}
    assert name_targets("shipping_allowed") == set()
    assert string_targets("npu:0") == {"cann"}
    assert string_targets("torch_musa") == {"musa"}
    assert string_targets("gfxinfo") == set()


# ----------------------------------------------------------------------------------------------------------- forms


def test_match_on_a_device_guards_all_its_cases() -> None:
    text = """
        match device.type:
            case "cuda":
                x.cuda()
            case "npu" | "xpu":
                y()
        x.cuda()
    """
    assert guards(text) == [("cann", "intel"), ()]


def test_match_on_a_member_of_an_enumeration() -> None:
    assert guards("match p:\n    case Platform.CUDA:\n        x.cuda()\n    case Platform.ROCM:\n        y()\n") == [
        ("rocm",)
    ]


def test_a_case_that_only_refuses_serves_nobody() -> None:
    text = "match d:\n    case 'cuda':\n        x.cuda()\n    case 'npu':\n        raise NotImplementedError\n"
    assert guards(text) == [()]


def test_a_table_from_device_to_function() -> None:
    assert guards("TABLE = {'cuda': lambda x: x.cuda(), 'npu': g, 'musa': h}\nx.cuda()") == [("cann", "musa"), ()]
    assert guards("words = {'npu': 1, 'other': x.cuda()}") == [()]


def test_an_import_of_a_vendors_module_that_may_fail() -> None:
    text = """
        try:
            import torch_npu
            device = "npu"
        except ImportError:
            device = x.cuda()
        try:
            import numpy
        except ImportError:
            x.cuda()
    """
    assert guards(text) == [("cann",), ()]


def test_own_tests_whose_names_do_not_show_what_they_ask() -> None:
    text = """
        def other_chip():
            \"\"\"Tell which.\"\"\"
            return torch.version.hip is not None

        def optional():
            try:
                import torch_npu
            except ImportError:
                return False
            return True

        def busy():
            x.cuda()
            return torch.version.hip is not None

        if other_chip():
            y()
        else:
            x.cuda()
        z = x.cuda() if optional() else y()
        if busy():
            x.cuda()
    """
    assert guards(text) == [(), ("rocm",), ("cann",), ()]
    assert asked(text) == {("other_chip", "rocm"), ("optional", "cann")}


def test_a_test_that_builds_on_another() -> None:
    assert asked("def a():\n    return torch.version.hip is not None\nB = not a()\n") == {("a", "rocm"), ("B", "rocm")}


def test_a_flag_that_says_whether_an_import_worked() -> None:
    text = "try:\n    import torch_npu\n    HAVE = True\nexcept ImportError:\n    HAVE = False\nif HAVE:\n    y()\nelse:\n    x.cuda()\n"
    assert guards(text) == [("cann",)]
    assert asked(text) == {("HAVE", "cann")}


def test_what_follows_a_branch_that_leaves_is_the_other_branch() -> None:
    text = """
        def other():
            return torch.version.hip is not None
        def f(x):
            if other():
                return y()
            x.cuda()
        def g(x):
            if other():
                y()
            x.cuda()
    """
    assert guards(text) == [("rocm",), ()]


def test_a_test_of_another_file_is_left_pending() -> None:
    text = "from tools import special\nif special():\n    y()\nelse:\n    x.cuda()\nx.cuda()\n"
    assert guards(text) == [("?special",), ()]


def test_local_names_are_nobody_elses_tests() -> None:
    assert asked("def f():\n    flag = torch.version.hip is not None\n    g(flag)\n") == set()


def test_places_behind_wide_characters_are_found() -> None:
    assert guards("s = '𐍈é'; t = {'cuda': x.cuda(), 'npu': 'é'}; x.cuda()") == [("cann",), ()]


def test_many_branches_cost_each_edge_once() -> None:
    """Ten thousand stretches that all reach the end of the block: looking at all of them for each use would not end."""
    branch = "    if other():\n        return 1\n    x.cuda()\n"
    text = "def other():\n    return torch.version.hip is not None\ndef f():\n" + branch * 5_000
    assert guards(text) == [("rocm",)] * 5_000


def test_the_front_end_knows_these_forms() -> None:
    text = (
        "import torch\nTABLE = {'cuda': torch.cuda.Stream, 'npu': torch.npu.Stream}\n"
        "def other():\n    return torch.version.hip is not None\n"
        "if other():\n    pass\nelse:\n    torch.cuda.synchronize()\n"
    )
    file = SourceFile(path="a.py", language="python", content="", lines=1, code_lines=0, role=Role.OWNED)
    found = PythonFrontEnd().extract(file, text, rulebook.shipped().vocabulary("python"))
    guarded = {use.name: use.guarded_by for use in found.uses}
    assert guarded["torch.cuda.Stream"] == ("cann",)
    assert guarded["torch.cuda.synchronize"] == ("rocm",)
    assert ("other", "asks:rocm") in {(link.to, link.via) for link in found.links}
