"""Write the types of `holdfast.sync` from the source of the classes that it forwards to.

The classes there are made at run time, so a type checker needs them written down. Nothing here is
kept by hand: `docs/_generate.py` writes the stub, and checks that it is current.
"""

from __future__ import annotations

import ast
import inspect
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import holdfast
from holdfast.sync.opening import FORWARDED

STUB = Path(__file__).parents[1] / "src" / "holdfast" / "sync" / "__init__.pyi"

_HEAD = '''\
"""Types of `holdfast.sync`. Written by docs/_generate.py from the asynchronous classes."""

# ruff: noqa: A001, A002  # the names are those of the library

'''
_FACES = frozenset(cls.__name__ for cls in FORWARDED)
_BLOCKS = {"TurnOpening": "TurnRecorder"}
"""Private context managers, and what they give."""
_WORD = re.compile(r"\b[A-Za-z_]\w*\b")
_NO_IMPORT = frozenset({"None", "True", "False", "Self", "builtins", *_FACES})


def stub() -> str:
    """The whole text of src/holdfast/sync/__init__.pyi, formatted as ruff would."""
    wanted: dict[str, str] = {}
    classes = [_Class(cls, wanted).text() for cls in sorted(FORWARDED, key=lambda c: c.__name__)]
    opening = _function(
        _definition(ast.parse(inspect.getsource(holdfast)), "open"), sys.modules["holdfast"], wanted
    ).replace("-> Opening", "-> Keeper")
    wanted.pop("Opening", None)
    body = "\n".join([*classes, opening])
    names = sorted([*_FACES, "open"], key=lambda n: (n[0].islower(), n))
    listed = "__all__ = [\n" + "".join(f'    "{name}",\n' for name in names) + "]\n"
    return _formatted(_HEAD + _imports(wanted, body) + "\n" + listed + "\n" + body)


def _imports(wanted: dict[str, str], body: str) -> str:
    used = set(_WORD.findall(body))
    by_module: dict[str, set[str]] = {
        "contextlib": {"AbstractContextManager"},
        "types": {"TracebackType"},
        "typing": {"Self"},
    }
    for name, module in wanted.items():
        by_module.setdefault(module, set()).add(name)
    lines = ["import builtins"]
    for module, names in by_module.items():
        if names & used:
            lines.append(f"from {module} import {', '.join(sorted(names & used))}")
    return "\n".join(lines) + "\n"


def _formatted(text: str) -> str:
    """As ruff would have it; the settings are those of the project."""
    for step in (["check", "--quiet", "--select", "I", "--fix"], ["format", "--quiet"]):
        command = [sys.executable, "-m", "ruff", *step, "--stdin-filename", str(STUB), "-"]
        done = subprocess.run(  # noqa: S603  # our own formatter, on our own text
            command, input=text, capture_output=True, text=True, check=True
        )
        text = done.stdout
    return text


class _Class:
    def __init__(self, cls: type, wanted: dict[str, str]) -> None:
        self._module = sys.modules[cls.__module__]
        self._node = _definition(ast.parse(inspect.getsource(self._module)), cls.__name__)
        self._wanted = wanted
        self._cls = cls

    def text(self) -> str:
        lines = [*self._attributes(), *self._methods()]
        if hasattr(self._cls, "__aenter__"):
            lines.append("    def __enter__(self) -> Self: ...\n")
            lines.append(
                "    def __exit__(\n        self,\n        kind: type[BaseException] | None,\n"
                "        error: BaseException | None,\n        trace: TracebackType | None,\n"
                "    ) -> None: ...\n"
            )
        return f"class {self._cls.__name__}:\n" + "".join(lines)

    def _attributes(self) -> Iterator[str]:
        made = next(
            n for n in self._node.body if isinstance(n, ast.FunctionDef) and n.name == "__init__"
        )
        given = {a.arg: a.annotation for a in [*made.args.args, *made.args.kwonlyargs]}
        for node in ast.walk(made):
            if not isinstance(node, ast.Assign | ast.AnnAssign):
                continue
            target = node.targets[0] if isinstance(node, ast.Assign) else node.target
            if not isinstance(target, ast.Attribute) or target.attr.startswith("_"):
                continue
            if isinstance(node, ast.AnnAssign):
                kind = ast.unparse(node.annotation)
            else:
                kind = self._kind_of(node.value, given)
            shown = _translated(kind, self._module, self._wanted)
            yield f"    @property\n    def {target.attr}(self) -> {shown}: ...\n"

    def _kind_of(self, value: ast.expr, given: dict[str, ast.expr | None]) -> str:
        if isinstance(value, ast.Call):
            return ast.unparse(value.func)
        if isinstance(value, ast.Constant):
            return type(value.value).__name__
        if isinstance(value, ast.Name) and (annotation := given.get(value.id)) is not None:
            return ast.unparse(annotation)
        raise TypeError(f"annotate {ast.unparse(value)} in {self._cls.__name__}.__init__")

    def _methods(self) -> Iterator[str]:
        for node in self._node.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name[0] != "_":
                text = _function(node, self._module, self._wanted)
                yield "".join(f"    {line}\n" for line in text.splitlines())


_Definition = ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef


def _definition(tree: ast.Module, name: str) -> _Definition:
    return next(n for n in tree.body if isinstance(n, _Definition) and n.name == name)


def _function(node: _Definition, module: ModuleType, wanted: dict[str, str]) -> str:
    assert isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    decorators = [f"@{ast.unparse(d)}\n" for d in node.decorator_list]
    parameters = [_translated(part, module, wanted) + "," for part in _parameters(node.args)]
    returns = _translated(ast.unparse(node.returns or ast.Constant(None)), module, wanted)
    returns = re.sub(r"\bAsyncIterator\[", "Iterator[", returns)
    returns = re.sub(r"\bAsyncGenerator\[(.*), None\]", r"Iterator[\1]", returns)
    if "Iterator[" in returns:
        wanted["Iterator"] = "collections.abc"
    return _laid_out("".join(decorators), node.name, parameters, returns)


def _laid_out(decorators: str, name: str, parameters: list[str], returns: str) -> str:
    short = f"def {name}({' '.join(parameters).rstrip(',')}) -> {returns}: ..."
    if len(short) <= 96:
        return f"{decorators}{short}\n"
    lines = "".join(f"    {parameter}\n" for parameter in parameters)
    return f"{decorators}def {name}(\n{lines}) -> {returns}: ...\n"


def _parameters(arguments: ast.arguments) -> Iterator[str]:
    positional = [*arguments.posonlyargs, *arguments.args]
    defaults = [None] * (len(positional) - len(arguments.defaults)) + list(arguments.defaults)
    for one, default in zip(positional, defaults, strict=True):
        yield _parameter(one, default)
    if arguments.kwonlyargs:
        yield "*"
    for one, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True):
        yield _parameter(one, default)


def _parameter(one: ast.arg, default: ast.expr | None) -> str:
    kind = "" if one.annotation is None else f": {ast.unparse(one.annotation)}"
    if default is None:
        return f"{one.arg}{kind}"
    simple = isinstance(default, ast.Constant)
    return f"{one.arg}{kind} = {ast.unparse(default) if simple else '...'}"


def _translated(text: str, module: ModuleType, wanted: dict[str, str]) -> str:
    """An annotation as it reads here: faces for the asynchronous classes, names importable."""
    text = text.replace('"', "") if text.startswith('"') else text
    for private, gives in _BLOCKS.items():
        text = text.replace(private, f"AbstractContextManager[{gives}]")
    tree = ast.parse(inspect.getsource(module))
    for name in set(_WORD.findall(text)):
        if name.startswith("_") and (alias := _alias(tree, name)) is not None:
            text = re.sub(rf"\b{name}\b", alias, text)
    # Some classes have a method called list.
    text = re.sub(r"(?<![\w.])list\[", "builtins.list[", text)
    homes = _homes(tree, module.__name__)
    for name in _WORD.findall(text):
        if name not in _NO_IMPORT and name in homes:
            wanted[name] = homes[name]
    return text


def _alias(tree: ast.Module, name: str) -> str | None:
    for node in tree.body:
        if isinstance(node, ast.AnnAssign) and ast.unparse(node.target) == name:
            return ast.unparse(node.value) if node.value is not None else None
    return None


def _homes(tree: ast.Module, module: str) -> dict[str, str]:
    """Where the names of a module come from."""
    homes: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module:
            homes.update((alias.name, node.module) for alias in node.names)
    for node in tree.body:
        if isinstance(node, ast.ClassDef):
            homes[node.name] = module
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            homes[node.target.id] = module
    return homes
