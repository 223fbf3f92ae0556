"""What the engine's facts mean for the console: one line, and what stands in the way."""

from __future__ import annotations

from openhqm_tui.engine.facts import EngineFacts, Trouble


def blocker(facts: EngineFacts | None) -> str:
    """Return why nothing can be built now, in a few words; '' if something can."""
    if facts is None:
        return "still looking at the engine"
    if facts.trouble is not Trouble.NONE or not facts.answers:
        return facts.error or "no engine answers"
    if not facts.buildx_version:
        return "Buildx is missing"
    if facts.buildx_too_old:
        return f"Buildx {facts.buildx_version} is too old"
    if facts.engine_too_old:
        return f"engine {facts.server_version} is too old"
    return f"the builder doesn't answer: {facts.builder_error}" if facts.builder_error else ""


def engine_words(facts: EngineFacts | None) -> list[str]:
    """Return engine, builder and host in a word or two each, the most telling first."""
    if facts is None:
        return ["looking at the engine…"]
    words = []
    if facts.server_version:
        words.append(f"engine {facts.server_version.split('+')[0]}")
    if facts.builder:
        many = f", {len(facts.nodes)} nodes" if len(facts.nodes) > 1 else ""
        words.append(f"builder {facts.builder} ({facts.driver}{many})")
    if facts.host is not None:
        words.append(f"host {facts.host}")
    return words
