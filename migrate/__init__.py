"""cuda-migrate: what leaving CUDA really costs.

The public interface: `audit_tree(path)` gives an `Audit`, `render_audit(audit, "html")` a report. Everything heavy
loads on use.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from migrate.version import VERSION

if TYPE_CHECKING:
    from pathlib import Path

    from migrate.model import Audit
    from migrate.rulebook import Rulebook

__version__ = VERSION
__all__ = ["__version__", "audit_tree", "load_rules", "render_audit"]


def audit_tree(path: str | Path, *, targets: Sequence[str] = (), isolated: bool = False) -> Audit:
    """Scan a folder, build the graph and the estimates, and return the audit.

    Args:
        path: Folder to scan; nothing in it is imported or executed.
        targets: Target ids; those of the configuration by default.
        isolated: Ignore the folder's own configuration.

    Raises:
        MigrateError: With a message, a hint and an exit code.
    """
    from pathlib import Path

    from migrate import audit, config

    root = Path(path)
    return audit.run(root, config.load(root, flags={"targets": tuple(targets)}, isolated=isolated))


def render_audit(audit: Audit, format_id: str, **options: Any) -> str | bytes:
    """Render an audit in a format such as `html`, `json` or `table`; options are those of `RenderOptions`."""
    from migrate.render import RenderOptions, render

    return render(audit, format_id, RenderOptions(**options))


def load_rules(*packs: str | Path) -> Rulebook:
    """Load the shipped rule book, with further packs over it."""
    from pathlib import Path

    from migrate import rulebook

    return rulebook.load([Path(pack) for pack in packs])
