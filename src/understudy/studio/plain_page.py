"""A page with one sentence and a way back, for a browser that gets no room: without scripts, let in or not."""

from __future__ import annotations

import html

LOOKS = "/web/style/"  # what the page of a browser that was not let in looks like; nothing else is public


def page(sentence: str, *, onward: str = "Try again") -> str:
    """The page in HTML. What stands between two backticks is shown as said in a terminal."""
    parts = html.escape(sentence).split("`")
    words = "".join(f"<code>{part}</code>" if place % 2 else part for place, part in enumerate(parts))
    return (
        '<!doctype html><html lang="en" data-theme="dark"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>understudy studio</title>'
        f'<link rel="icon" href="{LOOKS}icon.svg"><link rel="stylesheet" href="{LOOKS}theme.css">'
        f'<link rel="stylesheet" href="{LOOKS}door.css"><body class="door"><main><h1>understudy studio</h1>'
        f'<p>{words}</p><p><a href="/">{html.escape(onward)}</a></p></main></body></html>'
    )
