"""`cuda-migrate lsp`: the check inside an editor."""

from __future__ import annotations

import click


@click.command()
@click.option(
    "--target", "targets", multiple=True, metavar="ID", help="Target to answer for. Default: those of the settings."
)
@click.option("--stdio", is_flag=True, help="Taken for editors that ask for it; the server speaks nothing else.")
def lsp(targets: tuple[str, ...], *, stdio: bool) -> None:
    """Serve an editor over standard input and output (Language Server Protocol)."""
    del stdio
    try:
        from migrate.lsp import serve
    except ModuleNotFoundError as error:
        if error.name and error.name.partition(".")[0] in {"pygls", "lsprotocol"}:
            raise click.UsageError("the language server is an extra: pip install 'cuda-migrate[lsp]'") from None
        raise
    serve(targets)
