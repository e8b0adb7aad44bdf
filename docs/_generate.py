"""Write the reference pages that are made from the code, or check that they are current.

    python docs/_generate.py            write them
    python docs/_generate.py --check    write nothing; exit 1 and name the pages that are stale

A page is one function that returns its whole text; `PAGES` names them all. The types of
`holdfast.sync` and the description of the HTTP interface, from which the types of the web page are
made, come from the code like a page, so they are kept here too.
"""

from __future__ import annotations

import inspect
import runpy
import sys
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, fields
from functools import partial
from pathlib import Path

from holdfast import errors
from holdfast.errors import HoldfastError
from holdfast.settings import Settings

DOCS = Path(__file__).parent

_ERRORS_HEAD = """\
# Errors

Every failure that Holdfast raises on purpose is a `holdfast.errors.HoldfastError`. Decide by class,
or by `code` where only text arrives (HTTP, `--json`): a code never changes its meaning and is never
used again for another. No message holds anything that a user said. Catching a class catches its
kinds too.

A server has some codes besides, of requests and not of the library: who is not let in
([Serve](../howto/serve.md#who-is-let-in)), a turn or a stream that is not taken
([Saying something over HTTP](streams.md)), a socket ([The WebSocket](websocket.md)), and
`method_not_allowed` (405), `too_slow` (408), `unsupported_media_type` (415) and `internal`
(500: the log has its line). The command line adds `usage` and `unexpected`.

In the messages below, `<name>` stands for a value that depends on the case, and every number is an
example.
"""


def error_classes(root: type[HoldfastError] = HoldfastError) -> Iterator[type[HoldfastError]]:
    """Yield `root`, then all of its kinds, depth first, in the order of their definition."""
    yield root
    for kind in root.__subclasses__():
        if kind.__module__ == errors.__name__:
            yield from error_classes(kind)


def errors_page() -> str:
    """Return the page about every error class: its code, its meaning, its message."""
    classes = list(error_classes())
    rows = [f"| [`{c.code}`](#{c.code}) | {_depth(c)}`{c.__name__}` |" for c in classes]
    table = "\n".join(["| code | class |", "|---|---|", *rows])
    return "\n".join([_ERRORS_HEAD, table, "", *map(_error_section, classes)])


def _depth(cls: type[HoldfastError]) -> str:
    return "· " * (len(cls.__mro__) - len(HoldfastError.__mro__))


def _error_section(cls: type[HoldfastError]) -> str:
    lines = [f"## {cls.code}", "", f"`holdfast.errors.{cls.__name__}`"]
    if cls is not HoldfastError:
        lines[-1] += f", a kind of `{cls.__mro__[1].__name__}`."
    lines += ["", inspect.cleandoc(cls.__doc__ or "")]
    message = _example_message(cls)
    if message:
        lines += ["", f"> {message}"]
    return "\n".join([*lines, ""])


def _example_message(cls: type[HoldfastError]) -> str:
    # A class without a constructor of its own is only caught, or raised with its parent's message.
    if "__init__" not in vars(cls):
        return ""
    parameters = list(inspect.signature(cls).parameters.values())
    positional = [_example(p) for p in parameters if p.kind is p.POSITIONAL_OR_KEYWORD]
    named = {p.name: _example(p) for p in parameters if p.kind is p.KEYWORD_ONLY}
    text = str(cls(*positional, **named))
    return text.replace("<", "\\<")


def _example(parameter: inspect.Parameter) -> object:
    if parameter.default is not parameter.empty:
        return parameter.default
    if parameter.name == "mode":
        return 0o644
    examples = {"int": 1000, "tuple[str, ...]": (f"<{parameter.name}>",)}
    return examples.get(str(parameter.annotation), f"<{parameter.name}>")


_SETTINGS_HEAD = """\
# Settings

None is needed. Each can be given as a key of `holdfast.toml` in the configuration directory (or the
file that `--config` or `HOLDFAST_CONFIG` names), or as an environment variable; the variable wins,
and an option of the command line wins over both. A name that is none of these is an error, and all
mistakes are reported at once (`holdfast doctor` lists them).
"""


def settings_page() -> str:
    """Return the page about every setting: its name, variable, default and meaning."""
    rows = ["| key | variable | default | meaning |", "|---|---|---|---|"]
    for setting in fields(Settings):
        about = [str(setting.metadata["about"]), _range(setting.metadata)]
        rows.append(
            f"| `{setting.name}` | `HOLDFAST_{setting.name.upper()}` | {_default(setting)} | "
            f"{' '.join(part for part in about if part)} |"
        )
    return "\n".join([_SETTINGS_HEAD, *rows, ""])


def _default(setting: Field[object]) -> str:
    if setting.default is MISSING:
        # A folder of the user's, elsewhere on each system.
        return "the user's data directory" if "data" in setting.name else "the user's configuration"
    if setting.default in (None, ""):
        return ""
    return f"`{str(setting.default).lower() if setting.type == 'bool' else setting.default}`"


def _range(metadata: Mapping[str, object]) -> str:
    low, high = metadata.get("low"), metadata.get("high")
    if low is not None and high is not None:
        return f"From {low} to {high}."
    return "" if low is None else f"At least {low}."


def _beside(file: str, name: str) -> str:
    """Return what a function of another file in this folder writes."""
    text = runpy.run_path(str(DOCS / file))[name]()
    assert isinstance(text, str)
    return text


PAGES: dict[Path, Callable[[], str]] = {
    DOCS / "reference" / "errors.md": errors_page,
    DOCS / "reference" / "cli.md": partial(_beside, "_cli_page.py", "cli_page"),
    DOCS / "reference" / "settings.md": settings_page,
    DOCS.parent / "src" / "holdfast" / "sync" / "__init__.pyi": partial(
        _beside, "_sync_stub.py", "stub"
    ),
    DOCS.parent / "web" / "openapi.json": partial(_beside, "_openapi.py", "document"),
}


def stale_pages() -> list[Path]:
    """Return the pages whose file differs from what the code says now."""
    return [
        path
        for path, page in PAGES.items()
        if not path.exists() or path.read_text(encoding="utf-8") != page()
    ]


def main(arguments: list[str]) -> int:
    """Write or check all pages; return the exit status."""
    stale = stale_pages()
    for path in stale:
        name = path.relative_to(DOCS.parent)
        if "--check" in arguments:
            sys.stderr.write(f"{name} is not what the code says: run 'make docs'\n")
        else:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(PAGES[path](), encoding="utf-8")
            sys.stdout.write(f"wrote {name}\n")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
