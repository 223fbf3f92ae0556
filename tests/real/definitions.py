"""Bake definitions for a folder next to another that is none of its business."""

from __future__ import annotations

from pathlib import Path

INLINE = r'dockerfile-inline = "FROM scratch\nCOPY docker-bake.hcl /\n"'
READ_OUTSIDE = "--allow=fs.read=../outside"


def define(project: Path, text: str, *, whole: bool = False) -> None:
    text = text.replace("{outside}", str(project.parent / "outside"))
    inline = "" if "dockerfile =" in text else INLINE
    group = 'group "default" { targets = ["app"] }'
    body = text if whole else f'{group}\ntarget "app" {{\n{text}\n{inline}\n}}\n'
    (project / "docker-bake.hcl").write_text(body)
