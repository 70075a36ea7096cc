"""What a night throws away of what former ones left: logs always, landed deliveries only when the setting says so."""

from __future__ import annotations

from pilotage.config import get_settings
from pilotage.sauvegarde.ranger import tidy


def tidy_night() -> tuple[str, str]:
    """Apply the retention rules; what keeps them from being applied never fails a night.

    Returns:
        State and message of the step, for the journal of the nights.
    """
    try:
        plan = tidy(get_settings(), appliquer=True, attendre=False)
    except BlockingIOError:
        return "sans_changement", "une sauvegarde lit le dépôt : rien n'est rangé cette nuit"
    except Exception as error:
        return "echouee", str(error)
    files = sum(len(paths) for paths in plan.chemins.values())
    counts = {"livraisons": len(plan.livraisons), "fichiers": files, "lignes de quarantaine": plan.quarantaine.total()}
    told = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
    return ("reussie", f"retirés : {told}") if told else ("sans_changement", "rien à retirer")
