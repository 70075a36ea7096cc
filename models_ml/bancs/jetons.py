"""The words of a benchmark file one by one, each with its line, so that an error says where."""

from __future__ import annotations

import math
from pathlib import Path

from pilotage.errors import ErreurRecommandation


class Jetons:
    """Reads words in order; every reading method raises ErreurRecommandation with the file and line."""

    def __init__(self, path: Path):
        self.path, self.place = path, 0
        try:
            lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError as error:
            raise ErreurRecommandation(f"fichier illisible ({error.strerror})", fichier=str(path)) from error
        self.lines = [(number, line.split()) for number, line in enumerate(lines, 1) if line.strip()]
        self._spread()

    def _spread(self) -> None:
        self.words = [(word, number) for number, parts in self.lines for word in parts]

    def error(self, message: str, attendu: str) -> ErreurRecommandation:
        """An error at the last word read."""
        line = self.words[min(self.place, len(self.words)) - 1][1] if self.words and self.place else 1
        return ErreurRecommandation(message, fichier=str(self.path), ligne=line, attendu=attendu)

    def width(self) -> int:
        """How many words the first line has."""
        return len(self.lines[0][1]) if self.lines else 0

    def take(self, what: str) -> str:
        """The next word."""
        if self.place >= len(self.words):
            raise self.error("fichier incomplet", what)
        self.place += 1
        return self.words[self.place - 1][0]

    def number(self, what: str, least: float | None = None) -> float:
        """The next word as a finite number, at least `least`."""
        word = self.take(what)
        try:
            found = float(word)
        except ValueError:
            found = math.nan
        if not math.isfinite(found) or (least is not None and found < least):
            raise self.error(f"« {word} » n'est pas une valeur permise", _wanted(what, "un nombre", least))
        return found

    def whole(self, what: str, least: int | None = None, most: int | None = None) -> int:
        """The next word as a whole number between bounds."""
        found = self.number(what)
        if found != int(found) or (least is not None and found < least) or (most is not None and found > most):
            word = self.words[self.place - 1][0]
            raise self.error(f"« {word} » n'est pas une valeur permise", _wanted(what, "un entier", least, most))
        return int(found)

    def header(self, section: str) -> dict[str, str]:
        """«KEY : value» lines up to the line `section`; reading goes on after it."""
        found: dict[str, str] = {}
        for index, (_, parts) in enumerate(self.lines):
            key, _, value = " ".join(parts).partition(":")
            if key.strip() == section:
                self.lines = self.lines[index + 1 :]
                self._spread()
                return found
            found[key.strip()] = value.strip()
        raise self.error(f"section {section} absente", section)

    def end(self, mark: str | None = None) -> None:
        """Nothing is left but, maybe, the word that ends files."""
        left = self.words[self.place :]
        if left and left[0][0] != mark:
            self.place += 1
            raise self.error(f"« {left[0][0]} » en trop après la fin des données", "la fin du fichier")


def _wanted(what: str, kind: str, least: float | None, most: float | None = None) -> str:
    low = "" if least is None else f", au moins {least:g}"
    high = "" if most is None else f", au plus {most:g}"
    return f"{what} : {kind}{low}{high}"
