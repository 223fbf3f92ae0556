"""A builder in words: one line for the list, and its nodes."""

from __future__ import annotations

from textual.content import Content

from openhqm_tui.domain.nodes import Node
from openhqm_tui.domain.plain_text import one_line
from openhqm_tui.engine.builders import Builder
from openhqm_tui.tui.words import count, short

_SEVERAL = 6
_LIKELY = {"amd64", "arm64"}


def builder_line(builder: Builder, refusal: str) -> Content:
    """Return a builder's name, driver and standing; below why it can't be used, if it can't."""
    facts = [builder.driver, count(len(builder.nodes), "node"), ", ".join(builder.statuses)]
    words = Content.assemble(
        (one_line(builder.name, 40), "bold"),
        f"  {one_line(' · '.join(fact for fact in facts if fact), 80)}",
        "  (selected in Buildx)" if builder.current else "",
    )
    if not refusal:
        return words
    return Content.assemble(words, "\n", (f"  ✗ {one_line(refusal)}", "$text-error"))


def node_lines(builder: Builder) -> Content:
    """Return where each node is, how it stands, and what it runs natively or emulates."""
    if not builder.nodes:
        return Content.styled("no node", "$foreground-muted")
    return Content("\n").join(line for node in builder.nodes for line in _node(node))


def _node(node: Node) -> list[Content]:
    where = one_line(" · ".join(filter(None, (node.endpoint, node.status))), 120)
    first = Content.assemble((one_line(node.name, 40), "bold"), f"  {where}")
    if node.native is None and not node.platforms:
        ways = "its platforms are known once it is started"
    else:
        native = f"native {node.native}" if node.native is not None else "native unknown"
        # The rest is counted where there are many: never what most images are built for.
        likely = sorted(node.emulated, key=lambda platform: platform.arch not in _LIKELY)
        emulated = [short(platform) for platform in likely]
        told = ", ".join(emulated[:_SEVERAL])
        if len(emulated) > _SEVERAL:
            told += f" and {len(emulated) - _SEVERAL} more"
        ways = f"{native} · emulated {told}" if told else f"{native} alone"
    lines = [first, Content.styled(f"  {ways}", "$foreground-muted")]
    if node.error:
        lines.append(Content.styled(f"  ✗ {one_line(node.error)}", "$text-error"))
    return lines
