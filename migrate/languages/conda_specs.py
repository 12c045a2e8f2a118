"""Conda's way to ask for a package: `nvidia::cuda-nvcc=12.4`, `pytorch 2.1.* *cuda*`, `__cuda >=12`."""

from __future__ import annotations

import re

from migrate.languages.requirement import Requirement, cuda_tag, normalised

_SPEC = re.compile(
    r"(?:[^\s:\[\]]++::)?(?P<name>[A-Za-z0-9_][\w.-]*+)\**+[ \t]*+"
    r"(?P<version>(?:[=<>!~]{1,2}|(?=[\d*]))[^\s=\[\],]*+(?:,[=<>!~]{0,2}[^\s=\[\],]*+)*+)?"
    r"(?:(?:=|[ \t]++)(?P<build>[^\s=\[\]]++))?[ \t]*+(?:\[(?P<extras>[^\[\]]*+)\])?[ \t]*+\Z",
    re.ASCII,
)
_BRACKETED = re.compile(r"(version|build)[ \t]*=[ \t]*['\"]?([^'\",]*)")
_TEMPLATE = re.compile(r"\$?\{\{[^{}]*+\}\}")
_SAME_PROJECT = {"pytorch": "torch", "py-xgboost": "xgboost", "py-xgboost-gpu": "xgboost", "py-lightgbm": "lightgbm"}
"""Distributions whose conda package bears another name."""
_LONGEST = 400
"""Characters of a specification that are read; real ones have a few dozen."""


def parse_conda(text: str) -> Requirement | None:
    """Read a specification; None when it names no package. What a template fills in counts as any version."""
    found = _SPEC.match(_TEMPLATE.sub("*", text[:_LONGEST]).strip())
    if found is None:
        return None
    name = found["name"].lower() if found["name"].startswith("__") else normalised(found["name"].rstrip("._-*"))
    fields = dict(_BRACKETED.findall(found["extras"] or ""))
    version = found["version"] or fields.get("version", "")
    version = "" if version.strip("=") in {"*", ""} else version
    build = found["build"] or fields.get("build", "")
    tag = cuda_tag(name, version, build) or ("cuda" if "cuda" in build else "")
    return Requirement(_SAME_PROJECT.get(name, name), version, tag=tag)
