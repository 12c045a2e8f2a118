"""Edits of Python, made by libcst on the expressions and import statements themselves."""

from __future__ import annotations

import ast
import functools
import textwrap
import warnings
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, NamedTuple

from migrate.edits.changes import Change, Rebinding
from migrate.edits.splices import Refused, Splice, Text, renamed
from migrate.languages.python_source import Layout, Source, layout
from migrate.model import EditSpec, Use, UseKind

if TYPE_CHECKING:
    import libcst as cst

_METHOD_OWNER = "_"
"""Stands for the receiver of a method while libcst sees it."""


class _Imported(NamedTuple):
    """A name that an import statement binds."""

    statement: int
    """Index of the logical line."""
    name: str
    dotted: str
    plain: bool
    """`import a.b`, which binds `a`."""


class PythonEditor:
    """Makes changes in one Python file."""

    def __init__(self, text: Text) -> None:
        self._text = text
        source = Source(text.text)
        found = layout(source)
        if found is None:
            raise Refused("brackets are nested too deeply")
        self._source = source
        self._layout: Layout = found

    # ------------------------------------------------------------------------------------------------- one change

    def change(self, use: Use, spec: EditSpec) -> Change:
        """Work out the change at one use; see `Editor`."""
        renames = spec.rename or {old: new for old, new in spec.identifier.items() if "." in old}
        if renames and use.kind == UseKind.IMPORT:
            return self._import(use, renames)
        if renames and use.kind in (UseKind.CALL, UseKind.ATTRIBUTE):
            return self._chain(use, renames)
        if spec.method and use.name.startswith("."):
            return self._method(use, spec.method)
        if spec.string:
            return self._strings(use, spec.string)
        raise Refused(f"the edit does not describe this {use.kind}")

    def _segment(self, use: Use) -> tuple[int, str]:
        start, end = self._text.range(use.span)
        return start, self._text.text[start:end]

    def _chain(self, use: Use, renames: Mapping[str, str]) -> Change:
        new_name = renamed(use.name, renames)
        if new_name is None:
            raise Refused(f"the edit does not rename {use.name}")
        start, segment = self._segment(use)
        node = _expression(segment)
        chain = _function_of(node) if use.kind == UseKind.CALL else node
        try:
            root, attributes = _attributes(chain)
        except Refused:  # a method of what a call returns: it changes with the call
            return Change()
        if not f".{use.name}".endswith("".join(f".{attribute}" for attribute in attributes)):
            raise Refused("the name is not written out here")
        origin = _head(use.name, len(attributes))
        new_attributes = _tail_after(new_name, origin)
        if new_attributes is None:  # what changes is hidden behind the name that an import binds
            new_origin = _head(new_name, len(attributes))
            change = self._rebound(root, origin, new_origin)
            new_attributes = new_name.split(".")[len(new_origin.split(".")) :]
        else:
            change = Change()
        if new_attributes == attributes:
            return change
        before, after = _code(chain), _code(_with_attributes(chain, new_attributes))
        if not segment.startswith(before):
            raise Refused("the expression is not written in one piece")
        return change._replace(splices=(Splice(start, start + len(before), after),))

    def _rebound(self, root: str, origin: str, new_origin: str) -> Change:
        found = [entry for entry in self._imports if entry.name == root and entry.dotted == origin and not entry.plain]
        if not new_origin:
            raise Refused("the new name is shorter than what the import binds")
        rebindings = {Rebinding(entry.statement, self._line_of(entry), root, origin, new_origin) for entry in found}
        return Change(rebindings=frozenset(rebindings))

    def _method(self, use: Use, methods: Mapping[str, str]) -> Change:
        import libcst as cst

        old = use.name[1:]
        if old not in methods:
            raise Refused(f"the edit does not rename {use.name}")
        start, segment = self._segment(use)
        node = _expression(f"{_METHOD_OWNER}.{segment}")
        attribute = _function_of(node) if use.kind == UseKind.CALL else node
        if not isinstance(attribute, cst.Attribute) or attribute.attr.value != old:
            raise Refused("the method is not written out here")
        new = attribute.with_changes(attr=cst.Name(methods[old]))
        return Change(splices=(Splice(start, start + len(old), _code(new).removeprefix(f"{_METHOD_OWNER}.")),))

    def _strings(self, use: Use, strings: Mapping[str, str]) -> Change:
        start, segment = self._segment(use)
        splices: list[Splice] = []
        place = 0
        for literal in _literals(_expression(segment)):
            token = _code(literal)
            place = segment.find(token, place)
            if place < 0:
                raise Refused("the string is not written in one piece")
            if (new := _restringed(literal, strings)) is not None:
                splices.append(Splice(start + place, start + place + len(token), new))
                if use.kind != UseKind.CALL:
                    break
            place += len(token)
        if not splices:
            raise Refused("no string here begins with what the edit replaces")
        return Change(splices=tuple(splices))

    # ---------------------------------------------------------------------------------------------------- rebinding

    def _import(self, use: Use, renames: Mapping[str, str]) -> Change:
        line = self._layout.at(self._source_offset(use))
        rebindings = set()
        for entry in self._imports:
            if entry.statement != line or not (entry.dotted == use.name or entry.dotted.startswith(f"{use.name}.")):
                continue
            if (new := renamed(entry.dotted, renames)) is not None:
                rebindings.add(Rebinding(entry.statement, self._line_of(entry), entry.name, entry.dotted, new))
        if not rebindings:
            raise Refused(f"the edit does not rename {use.name}")
        return Change(rebindings=frozenset(rebindings))

    def _line_of(self, entry: _Imported) -> int:
        return self._source.line_of(self._layout.lines[entry.statement].start)

    def _source_offset(self, use: Use) -> int:
        return self._source.line_starts[use.span.line - 1] + use.span.column - 1

    @functools.cached_property
    def _imports(self) -> list[_Imported]:
        found: list[_Imported] = []
        for index, line in enumerate(self._layout.lines):
            statement = self._source.text[line.start : line.end]
            if statement.startswith(("import", "from")):
                found += (entry._replace(statement=index) for entry in _imported(statement))
        return found

    def rebind(self, rebindings: frozenset[Rebinding]) -> tuple[Splice, ...]:
        """Return the replacements that change imports; see `Editor`."""
        splices: list[Splice] = []
        for statement in sorted({rebinding.statement for rebinding in rebindings}):
            wanted = {(r.name, r.old): r.new for r in rebindings if r.statement == statement}
            if len(wanted) < sum(1 for r in rebindings if r.statement == statement):
                raise Refused("the import would have to become two things at once")
            line = self._layout.lines[statement]
            first = self._source.line_of(line.start)
            column = line.start - self._source.line_starts[first - 1] + 1
            end_line = self._source.line_of(line.end - 1)
            end_column = line.end - self._source.line_starts[end_line - 1] + 1
            start, end = self._text.offset(first, column), self._text.offset(end_line, end_column)
            before = self._text.text[start:end].rstrip("\r\n")
            splices.append(Splice(start, start + len(before), _reimported(before, wanted)))
        return tuple(splices)

    # ---------------------------------------------------------------------------------------------------- soundness

    def statement(self, use: Use) -> tuple[int, int]:
        """Return the lines of the statement that holds a use; see `Editor`."""
        index = self._layout.at(self._source_offset(use))
        if index is None:
            return use.span.line, use.span.end_line
        line = self._layout.lines[index]
        last = line.start + len(self._source.text[line.start : line.end].rstrip()) - 1
        return self._source.line_of(line.start), self._source.line_of(max(last, line.start))

    def check(self, text: str) -> str:
        """Say why an edited text is no Python, or return an empty string."""
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            try:
                ast.parse(text)
            except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
                return f"the edited file does not parse: {error}"
        return ""


# ----------------------------------------------------------------------------------------------------------- libcst


def _expression(segment: str) -> cst.BaseExpression:
    """Parse an expression that may go over several lines without brackets of its own."""
    import libcst as cst

    for candidate in (segment, f"({segment})"):
        try:
            return cst.parse_expression(candidate)
        except (cst.ParserSyntaxError, RecursionError, UnicodeError):
            continue
    raise Refused("libcst does not read the expression")


def _code(node: cst.CSTNode) -> str:
    import libcst as cst

    return cst.Module(body=()).code_for_node(node)


def _function_of(node: cst.BaseExpression) -> cst.BaseExpression:
    import libcst as cst

    if not isinstance(node, cst.Call):
        return node  # a decorator that is no call
    return node.func


def _attributes(node: cst.BaseExpression) -> tuple[str, list[str]]:
    """Split a chain into the name it starts with and the attributes that follow."""
    import libcst as cst

    names: list[str] = []
    while isinstance(node, cst.Attribute):
        names.insert(0, node.attr.value)
        node = node.value
    if not isinstance(node, cst.Name):
        raise Refused("what the chain starts with is no plain name")
    return node.value, names


def _with_attributes(node: cst.BaseExpression, names: list[str]) -> cst.BaseExpression:
    """Rename the attributes of a chain; with another number of them, write the chain anew."""
    import libcst as cst

    root, old = _attributes(node)
    if len(old) == len(names):
        return _renamed_chain(node, names)
    if "\n" in _code(node) or "\r" in _code(node):
        raise Refused("the chain goes over several lines and changes its length")
    chain: cst.BaseExpression = cst.Name(root)
    for name in names:
        chain = cst.Attribute(value=chain, attr=cst.Name(name))
    return chain


def _renamed_chain(node: cst.BaseExpression, names: list[str]) -> cst.BaseExpression:
    import libcst as cst

    if not isinstance(node, cst.Attribute):
        return node
    return node.with_changes(value=_renamed_chain(node.value, names[:-1]), attr=node.attr.with_changes(value=names[-1]))


def _literals(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """Yield the string literals of an expression in the order of the text; of a concatenation, its first."""
    import libcst as cst

    if isinstance(node, (cst.SimpleString, cst.FormattedString)):
        yield node
    elif isinstance(node, cst.ConcatenatedString):
        yield from _literals(node.left)
    else:
        for child in node.children:
            yield from _literals(child)


def _restringed(node: cst.CSTNode, strings: Mapping[str, str]) -> str | None:
    """Replace the beginning of a string literal; None when it begins with none of those listed."""
    import libcst as cst

    if isinstance(node, cst.SimpleString):
        head = len(node.prefix) + len(node.quote)
        new = _replaced(node.value[head : -len(node.quote)], strings)
        return None if new is None else _code(node.with_changes(value=node.value[:head] + new + node.quote))
    if isinstance(node, cst.FormattedString) and node.parts:
        first = node.parts[0]
        if isinstance(first, cst.FormattedStringText):
            new = _replaced(first.value, strings)
            if new is not None:
                return _code(node.with_changes(parts=(first.with_changes(value=new), *node.parts[1:])))
    return None


def _replaced(value: str, strings: Mapping[str, str]) -> str | None:
    for old in sorted(strings, key=len, reverse=True):
        rest = value[len(old) :]
        if value.startswith(old) and not (rest[:1].isalnum() or rest[:1] == "_"):
            return strings[old] + rest
    return None


# ---------------------------------------------------------------------------------------------------------- rebinding


def _imported(statement: str) -> Iterator[_Imported]:
    try:
        tree = ast.parse(textwrap.dedent(statement))
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return
    for node in tree.body:
        if isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                yield _Imported(0, name, alias.name, plain=alias.asname is None)
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            for alias in node.names:
                yield _Imported(0, alias.asname or alias.name, f"{node.module}.{alias.name}", plain=False)


def _reimported(statement: str, wanted: Mapping[tuple[str, str], str]) -> str:
    """Rewrite an import statement so that names stand for other origins, under the same names."""
    import libcst as cst

    ending = "\r\n" if "\r\n" in statement else "\n"
    try:
        parsed = cst.parse_statement(statement + ending, cst.PartialParserConfig(default_newline=ending))
    except (cst.ParserSyntaxError, RecursionError, UnicodeError):
        raise Refused("libcst does not read the import") from None
    if not isinstance(parsed, cst.SimpleStatementLine):
        raise Refused("the import is part of a compound statement")
    body = [_changed_import(part, wanted) for part in parsed.body]
    module = cst.Module(body=(), default_newline=ending)
    return module.code_for_node(parsed.with_changes(body=body)).rstrip("\r\n")


def _changed_import(node: cst.BaseSmallStatement, wanted: Mapping[tuple[str, str], str]) -> cst.BaseSmallStatement:
    import libcst as cst

    if isinstance(node, cst.Import):
        return node.with_changes(names=[_changed_module(alias, wanted) for alias in node.names])
    if not isinstance(node, cst.ImportFrom) or isinstance(node.names, cst.ImportStar) or node.module is None:
        return node
    base = _dotted(node.module)
    news = {alias.evaluated_name: _new_origin(alias, base, wanted) for alias in node.names}
    bases = {new.rpartition(".")[0] for new in news.values()}
    if len(bases) != 1:
        raise Refused("the import also brings names that stay where they are")
    names = [_renamed_alias(alias, news[alias.evaluated_name].rpartition(".")[2]) for alias in node.names]
    module = node.module if bases == {base} else _dotted_node(bases.pop())
    return node.with_changes(module=module, names=names)


def _new_origin(alias: cst.ImportAlias, base: str, wanted: Mapping[tuple[str, str], str]) -> str:
    name = alias.evaluated_alias or alias.evaluated_name
    origin = f"{base}.{alias.evaluated_name}"
    return wanted.get((name, origin), origin)


def _renamed_alias(alias: cst.ImportAlias, name: str) -> cst.ImportAlias:
    import libcst as cst

    if name == alias.evaluated_name:
        return alias
    kept = alias.asname or cst.AsName(name=cst.Name(alias.evaluated_name))
    return alias.with_changes(name=cst.Name(name), asname=kept)


def _changed_module(alias: cst.ImportAlias, wanted: Mapping[tuple[str, str], str]) -> cst.ImportAlias:
    dotted = alias.evaluated_name
    name = alias.evaluated_alias or dotted.partition(".")[0]
    new = wanted.get((name, dotted), dotted)
    if new == dotted:
        return alias
    if alias.asname is None and new.partition(".")[0] != name:
        raise Refused("the import would bind another name")
    return alias.with_changes(name=_dotted_node(new))


def _dotted(node: cst.BaseExpression) -> str:
    root, names = _attributes(node)
    return ".".join((root, *names))


def _dotted_node(name: str) -> cst.Name | cst.Attribute:
    import libcst as cst

    root, *rest = name.split(".")
    node: cst.Name | cst.Attribute = cst.Name(root)
    for part in rest:
        node = cst.Attribute(value=node, attr=cst.Name(part))
    return node


def _head(name: str, attributes: int) -> str:
    """Return a dotted name without its last parts."""
    parts = name.split(".")
    return ".".join(parts[: len(parts) - attributes])


def _tail_after(name: str, origin: str) -> list[str] | None:
    """Return the parts of a name behind its beginning, None when it begins otherwise."""
    if name == origin:
        return []
    return name.removeprefix(f"{origin}.").split(".") if name.startswith(f"{origin}.") else None
