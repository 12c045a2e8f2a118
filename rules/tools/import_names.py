"""List the names that a target's own headers declare, so that answers can be checked against them.

    python -m rules.tools.import_names TARGET --source hip-7.1 ROOT HEADER...

ROOT is a folder or a checkout (work tree or bare repository); HEADER is a path in it, or a folder of it. Names are
kept that the globs of `names` in `targets/TARGET/target.yaml` recognise. They replace the source's section of
`targets/TARGET/names.txt`; the section `by-hand` is nobody's but the author's.
"""

from __future__ import annotations

import argparse
from pathlib import Path

from migrate.model import glob_regex
from migrate.rulebook.loading import load_target
from migrate.rulebook.names import listed, write_names
from rules.tools.checkout import Checkout
from rules.tools.import_headers import identifiers

_READ = (".h", ".hpp", ".in", ".py", ".md", ".cpp")


def main() -> None:
    """Import the headers given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("target")
    parser.add_argument("root", type=Path)
    parser.add_argument("headers", nargs="+", metavar="HEADER")
    parser.add_argument("--source", required=True, help="key of the headers in the provenance file")
    parser.add_argument("--rules", type=Path, default=Path("rules"), help="folder of rules to write to")
    arguments = parser.parse_args()
    folder, checkout = arguments.rules / "targets" / arguments.target, Checkout(arguments.root)
    own = glob_regex(load_target(folder / "target.yaml").names)
    files = [file for header in arguments.headers for file in checkout.files(header) or [header]]
    declared = identifiers(checkout.read(file) for file in files if file.endswith(_READ))
    sections = listed(folder / "names.txt")
    before = sections.get(arguments.source, frozenset())
    sections[arguments.source] = frozenset(name for name in declared if own.match(name))
    write_names(folder / "names.txt", sections)
    new = sections[arguments.source]
    print(f"{arguments.source}: {len(new)} names ({len(new - before)} added, {len(before - new)} removed)")


if __name__ == "__main__":
    main()
