"""Floor 4: what a run tells, for who wasn't there: Markdown, HTML, JUnit, JSON, step summary."""
