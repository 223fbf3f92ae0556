"""Pages that say no, and what helps."""

from __future__ import annotations

from aiohttp import web

_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>{title} · openhqm-tui</title>
<style>
  :root {{ color-scheme: light dark; }}
  body {{ font: 1rem/1.5 system-ui, sans-serif; max-width: 34rem; margin: 15vh auto; padding: 1rem; }}
  h1 {{ font-size: 1.25rem; }}
</style>
</head>
<body>
<h1>{title}</h1>
<p>{text}</p>
</body>
</html>
"""  # noqa: E501 - a page, not code


def refusal(status: int, title: str, text: str) -> web.Response:
    """Return a page of our own words: `text` may have markup, and nothing that a request said."""
    body = _PAGE.format(title=title, text=text)
    return web.Response(status=status, text=body, content_type="text/html")
