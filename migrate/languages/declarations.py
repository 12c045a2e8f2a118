"""Front ends for files that declare packages: `setup.cfg`, `Pipfile`, conda and pixi files."""

from __future__ import annotations

from migrate.languages.conda import Conda
from migrate.languages.manifests import pixi
from migrate.languages.setup_cfg import SetupCfg
from migrate.languages.toml_manifests import Layout, TomlManifest

_PIPFILE = Layout(
    named=("packages.*", "dev-packages.*", "*.*"),
    options={"source.url": "--extra-index-url"},
    scripts=("scripts.*",),
)
"""Pipenv takes any table it does not know as one more category of packages."""

FRONT_ENDS: dict[str, SetupCfg | TomlManifest | Conda] = {
    "setup-cfg": SetupCfg(),
    "pipfile": TomlManifest("pipfile", "Pipfile", _PIPFILE),
    "conda": Conda(),
    "pixi": TomlManifest("pixi", "pixi.toml", pixi("")),
}
