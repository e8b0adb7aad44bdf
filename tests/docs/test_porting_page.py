"""The page on moving in: its commands run as they stand, between its examples."""

from __future__ import annotations

import asyncio
import inspect
import re
import shlex
from ast import PyCF_ALLOW_TOP_LEVEL_AWAIT
from pathlib import Path

import pytest

from holdfast.cli.program import run

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "port.md"
_BLOCK = re.compile(r"^```(?P<kind>python|sh)\n(?P<code>.*?)^```$", re.MULTILINE | re.DOTALL)


def _run_python(code: str, names: dict[str, object]) -> None:
    result = eval(compile(code, str(PAGE), "exec", PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
    if inspect.iscoroutine(result):
        asyncio.run(result)


def test_the_commands_of_the_porting_page_run_as_they_stand(
    nowhere: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each ends well, on the files that the page itself makes."""
    (nowhere / "data").mkdir()
    names: dict[str, object] = {"__name__": "example"}
    codes: dict[str, int] = {}

    for block in _BLOCK.finditer(PAGE.read_text("utf-8")):
        if block["kind"] == "python":
            _run_python(block["code"], names)
            continue
        for line in block["code"].splitlines():
            program, *arguments = shlex.split(line)
            assert program == "holdfast"
            codes[line] = run(arguments)

    assert len(codes) == 6
    assert set(codes.values()) == {0}, (codes, capsys.readouterr().err)
    assert "At the opera." in capsys.readouterr().out
