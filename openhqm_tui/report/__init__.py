"""Layer 4: reports of a run: Markdown, HTML, JUnit, JSON, step summary."""
