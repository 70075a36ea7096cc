"""The four states of a followed indicator, and the rules that decide, in their order."""

from __future__ import annotations

EN_BONNE_VOIE, EN_RETARD, SELOIGNE, NON_MESURABLE = "en bonne voie", "en retard", "s'éloigne", "non mesurable"
# The state of an indicator: the first rule that fits decides, in the order of the conditions of `decide`.
REGLES = (
    (EN_BONNE_VOIE, "la cible est atteinte"),
    (EN_BONNE_VOIE, "la valeur ne peut pas être meilleure"),
    (EN_RETARD, "la date de la cible est passée et elle n'est pas atteinte"),
    (NON_MESURABLE, "une seule date comparable"),
    (SELOIGNE, "la valeur se dégrade"),
    (EN_BONNE_VOIE, "la valeur va vers la cible, qui n'est pas datée"),
    (EN_RETARD, "la valeur ne va pas vers la cible"),
    (NON_MESURABLE, "la cible est trop loin des dates connues pour être prévue"),
    (EN_BONNE_VOIE, "au rythme connu, la cible est atteinte à sa date"),
    (EN_RETARD, "au rythme connu, la cible n'est pas atteinte à sa date"),
    (NON_MESURABLE, "aucune cible, et rien ne bouge, ici comme chez la moitié des territoires comparables"),
    (EN_BONNE_VOIE, "aucune cible ; avance au moins aussi vite que la moitié des territoires comparables"),
    (EN_RETARD, "aucune cible ; avance moins vite que la moitié des territoires comparables"),
    (EN_BONNE_VOIE, "aucune cible ni territoire comparable ; la valeur s'améliore"),
    (NON_MESURABLE, "ni cible, ni territoire comparable, ni tendance"),
)
