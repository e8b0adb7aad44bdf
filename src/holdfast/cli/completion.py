"""`completion`: the script that lets a shell complete commands and options."""

from __future__ import annotations

import click

from holdfast.cli.options import Command

__all__ = ["completion_command"]


@click.command("completion", cls=Command)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion_command(shell: str) -> None:
    """Print a script for your shell's completion.

    \b
    bash: holdfast completion bash > ~/.local/share/bash-completion/completions/holdfast
    zsh:  holdfast completion zsh > "${fpath[1]}/_holdfast"
    fish: holdfast completion fish > ~/.config/fish/completions/holdfast.fish
    """
    from click.shell_completion import BashComplete, get_completion_class

    from holdfast.cli.program import program

    kind = get_completion_class(shell)
    if kind is None:
        raise click.UsageError(f"there is no completion for {shell}")
    completer = kind(program, {}, "holdfast", "_HOLDFAST_COMPLETE")
    # BashComplete asks the bash at hand for its version; the script does not depend on the answer.
    script = BashComplete.source_template if shell == "bash" else None
    click.echo(completer.source() if script is None else script % completer.source_vars())
