"""One tree of errors: each names the culprit (source, file, line, column), what was expected and the next step."""

from __future__ import annotations


class ErreurPilotage(Exception):
    """Base of every error that a user may meet.

    The text reads «source : fichier, ligne N, colonne C : message ; attendu : … ; que faire : …», each part only
    when it is known.
    """

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        fichier: str | None = None,
        ligne: int | None = None,
        colonne: str | None = None,
        attendu: str | None = None,
        conseil: str | None = None,
    ) -> None:
        self.message = message
        self.source = source
        self.fichier = fichier
        self.ligne = ligne
        self.colonne = colonne
        self.attendu = attendu
        self.conseil = conseil
        super().__init__(message)

    def __str__(self) -> str:
        place = ", ".join(
            part
            for part in (
                self.fichier,
                f"ligne {self.ligne}" if self.ligne is not None else None,
                f"colonne « {self.colonne} »" if self.colonne else None,
            )
            if part
        )
        head = " : ".join(part for part in (self.source, place, self.message) if part)
        tail = [f"attendu : {self.attendu}"] if self.attendu else []
        tail += [f"que faire : {self.conseil}"] if self.conseil else []
        return " ; ".join([head, *tail])

    def __reduce__(self):  # Airflow and multiprocessing pickle exceptions; keyword-only arguments need help
        return (_rebuild, (type(self), self.message, dict(self.__dict__)))


def _rebuild(kind: type[ErreurPilotage], message: str, state: dict) -> ErreurPilotage:
    error = kind(message)
    error.__dict__.update(state)
    return error


class ErreurConfiguration(ErreurPilotage):
    """A setting is absent, contradictory or out of bounds."""


class ErreurFiche(ErreurPilotage):
    """A source card is not valid."""


class ErreurTelechargement(ErreurPilotage):
    """A file could not be fetched, or what came is refused."""


class ErreurApport(ErreurTelechargement):
    """A file that the territory wrote cannot be taken as it is."""


class ErreurLecture(ErreurPilotage):
    """A landed file is not what its card says."""


class ErreurDepot(ErreurLecture):
    """A landed file cannot be read on this machine, by no fault of its own: lost, damaged, or no room to open it."""


class ErreurChargement(ErreurPilotage):
    """A delivery could not be copied into raw."""


class ErreurControle(ErreurPilotage):
    """A gate refused a delivery or a generation."""


class ErreurEntrepot(ErreurPilotage):
    """The warehouse could not be built."""


class ErreurRecommandation(ErreurPilotage):
    """The recommender lacks what it needs or was asked something impossible."""


class ErreurPublication(ErreurPilotage):
    """The publication was stopped; the former one stays."""
