"""The command line `holdfast`: what a person types, over the library.

program          the tree of commands, loaded one by one; the way in and out
options          what stands before or after any command; finding a session by its ending
call             settings and an opened store for one command
failures         exit codes, and how a failure is told
output, shown    tables, text, JSON; what may reach a terminal
chat ... sql     the commands, in groups
"""

from __future__ import annotations

import sys

__all__ = ["main"]


def main() -> None:
    """Run `holdfast` with the process's arguments and exit with its code."""
    if sys.argv[1:] == ["--version"]:
        # A question that scripts ask often: answered before anything else is loaded.
        from holdfast import __version__

        sys.stdout.write(f"holdfast {__version__}\n")
        return
    from holdfast.cli.program import run

    sys.exit(run(sys.argv[1:]))
