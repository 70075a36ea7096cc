"""What commands print: words from files and from the command line are shown as they are, and command nothing."""

from __future__ import annotations

import re
from typing import Any

import rich.console
from rich.errors import MarkupError
from rich.text import Text

NOTRES = re.compile(r"\[/?(?:bold|dim|italic|red|green|yellow|cyan|white)(?: [a-z ]+)?\]|\[/\]")
CROCHET = re.compile(r"(?<!\\)\[(?=[a-z#/@])")
COMMANDES = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")


class Console(rich.console.Console):
    """Rich's console, in which only our own tags are tags: « a[bis].csv » keeps its name, « [/x] » stops nothing."""

    def render_str(self, text: str, **options: Any) -> Text:
        clean = plain(text)
        try:
            return super().render_str(CROCHET.sub(lambda m: _kept(clean, m.start()), clean), **options)
        except MarkupError:
            return super().render_str(clean, **{**options, "markup": False})


def plain(text: str) -> str:
    """A text without what would move a terminal's cursor, or could not be encoded."""
    return COMMANDES.sub("\ufffd", text.encode("utf-8", "replace").decode())


def _kept(text: str, place: int) -> str:
    return "[" if NOTRES.match(text, place) else r"\["
