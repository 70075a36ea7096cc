"""Keep and recover: backups, restoration, the drill that proves them, and what may be thrown away.

A backup folder holds every backup, and one store of landed files that they share:

    <dossier>/depot/<source>/<millésime>/<sha256>/<fichier>   copied once, its hash checked on the way, never rewritten
    <dossier>/s20261128t030000/manifeste.json                 every part with its SHA-256; `manifeste.sha256` beside it
    <dossier>/s20261128t030000/journal.dump                   schemas `pilotage` and `quarantaine` (pg_dump, custom)
    <dossier>/s20261128t030000/base/                          the whole database (pg_dump, directory), when asked for
    <dossier>/s20261128t030000/recus.tar.gz                   receipts, and which delivery of a file is the current one
    <dossier>/s20261128t030000/accueil/, apports/             registers of the home; the territory's own files
    <dossier>/s20261128t030000/reglages.env                   settings; a secret is named there, never written
    <dossier>/derniere                                        link to the newest one

A backup is written as `<nom>.partiel` and renamed when whole. Secrets are in none of it.
"""

from pilotage.errors import ErreurPilotage


class ErreurSauvegarde(ErreurPilotage):
    """A backup could not be made, is damaged, or would be restored over something."""
