"""What a wheel has that lies in no source file: the man page, written from the parser."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any
from unittest import mock

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ManPage(BuildHookInterface[Any]):
    """Puts `share/man/man1/openhqm-tui.1` into the wheel: `man openhqm-tui` after an install."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the page; an editable install has none."""
        if version == "editable":
            return
        file = Path(tempfile.mkdtemp(prefix="openhqm-tui-man-")) / "openhqm-tui.1"
        file.write_text(page(self.root, self.metadata.version), encoding="utf-8")
        build_data["shared_data"][str(file)] = "share/man/man1/openhqm-tui.1"
        self._file = file

    def finalize(self, version: str, _data: dict[str, Any], _path: str) -> None:
        """Take away what was written for the wheel."""
        if version != "editable":
            self._file.unlink()
            self._file.parent.rmdir()


def page(root: str, version: str) -> str:
    """Return the man page of the checkout in `root`: the same wherever and whenever it's written.

    The parser needs msgspec, for the report formats, and none of our other dependencies.
    """
    # Neither the terminal nor the day may show in it.
    told = {"COLUMNS": "80", "NO_COLOR": "1", "FORCE_COLOR": ""}
    with mock.patch.dict(os.environ, told), mock.patch.object(sys, "path", [root, *sys.path]):
        from argparse_manpage.manpage import Manpage

        from openhqm_tui.cli.man_page import parser_and_sections

        parser, sections = parser_and_sections()
        written = Manpage(
            parser,
            {
                "project_name": "openhqm-tui",
                "version": version,
                "manual_title": "User commands",
                "description": "build and verify image variants for several platforms",
                "url": "https://github.com/openhqm/openhqm-tui",
            },
            format="single-commands-section",
        )
        written.date = ""
        for heading, text in sections:
            written.add_section(heading, ">", text)
        return str(written)
