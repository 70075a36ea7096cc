"""The SQL of the digest. `{avant}` is the suffix of the former generation's schemas, `__g…`."""

from __future__ import annotations

AXES = ("infrastructures", "developpement", "services", "usages", "ecosystemes")


def _latest(suffix: str) -> str:
    """Grain: the latest row of a territory's indicator."""
    every = " UNION ALL ".join(
        "SELECT cle_territoire, code_indicateur, millesime, date_donnees, valeur "
        f"FROM {axe}{suffix}.indicateurs_{axe} WHERE cle_territoire = ANY(:cles)"
        for axe in AXES
    )
    return (
        f"SELECT DISTINCT ON (cle_territoire, code_indicateur) * FROM ({every}) AS toutes "
        "ORDER BY cle_territoire, code_indicateur, date_donnees DESC, millesime DESC"
    )


MESURES = f"""
WITH neuf AS ({_latest("")}), ancien AS ({_latest("{avant}")})
SELECT cle_territoire, indicateurs.libelle, indicateurs.unite, indicateurs.sens, ancien.valeur, neuf.valeur,
    ancien.date_donnees, neuf.date_donnees, ancien.millesime, neuf.millesime
FROM neuf FULL JOIN ancien USING (cle_territoire, code_indicateur)
JOIN commun.dim_indicateurs AS indicateurs USING (code_indicateur)
WHERE (ancien.valeur, ancien.millesime) IS DISTINCT FROM (neuf.valeur, neuf.millesime)
ORDER BY cle_territoire, code_indicateur
"""
SUIVIS = """
SELECT neuf.cle_territoire, indicateurs.libelle, ancien.etat, neuf.etat, neuf.motif
FROM synthese.suivi AS neuf JOIN synthese{avant}.suivi AS ancien USING (cle_territoire, code_indicateur)
JOIN commun.dim_indicateurs AS indicateurs USING (code_indicateur)
WHERE neuf.cle_territoire = ANY(:cles) AND neuf.etat <> ancien.etat
ORDER BY neuf.cle_territoire, code_indicateur
"""
ENJEUX = """
WITH neuf AS (SELECT * FROM synthese.enjeux_prioritaires WHERE cle_territoire = ANY(:cles)),
ancien AS (SELECT * FROM synthese{avant}.enjeux_prioritaires WHERE cle_territoire = ANY(:cles))
SELECT cle_territoire, coalesce(actions.libelle, code_action), ancien.rang, neuf.rang, neuf.raison
FROM neuf FULL JOIN ancien USING (cle_territoire, code_action)
LEFT JOIN commun.dim_actions AS actions USING (code_action)
WHERE coalesce(neuf.rang <= 5, false) <> coalesce(ancien.rang <= 5, false)
ORDER BY cle_territoire, neuf.rang, ancien.rang, code_action
"""
COMMUNES = """
SELECT DISTINCT ponts.niveau || ':' || ponts.code_territoire AS cle, ponts.code_commune
FROM commun.pont_communes_territoires AS ponts
WHERE ponts.niveau || ':' || ponts.code_territoire = ANY(:cles)
"""
DECISIONS = f"""
WITH communes AS ({COMMUNES}), changees AS (
    SELECT neuf.service, neuf.code_commune, ancien.libelle_action AS avant, neuf.libelle_action AS apres
    FROM recommandation.decisions AS neuf
    JOIN recommandation{{avant}}.decisions AS ancien USING (code_commune, service)
    WHERE neuf.action <> ancien.action
)
SELECT communes.cle, coalesce(services.libelle, changees.service), changees.avant, changees.apres,
    (array_agg(noms.nom_territoire ORDER BY noms.population DESC NULLS LAST, changees.code_commune))[1:4], count(*)
FROM changees JOIN communes USING (code_commune)
JOIN commun.dim_territoires AS noms ON noms.cle_territoire = 'commune:' || changees.code_commune
LEFT JOIN commun.dim_services AS services USING (service)
GROUP BY communes.cle, 2, changees.avant, changees.apres
ORDER BY communes.cle, count(*) DESC, 2, 3, 4
"""
SERVICES = """
SELECT coalesce(services.libelle, nouveaux.service)
FROM (
    SELECT service FROM recommandation.decisions EXCEPT SELECT service FROM recommandation{avant}.decisions
) AS nouveaux LEFT JOIN commun.dim_services AS services USING (service)
ORDER BY services.ordre, nouveaux.service
"""
PORTES = f"""
WITH communes AS ({COMMUNES}), mouvements AS (
    SELECT coalesce(neuf.nom_lieu, ancien.nom_lieu) AS nom, coalesce(neuf.categorie, ancien.categorie) AS categorie,
        coalesce(neuf.code_commune, ancien.code_commune) AS code_commune, id_lieu,
        CASE WHEN neuf.est_ouvert THEN 'ouverte' WHEN neuf.id_lieu IS NULL THEN 'disparue' ELSE 'fermee' END AS sorte
    FROM commun.dim_lieux AS neuf FULL JOIN commun{{avant}}.dim_lieux AS ancien USING (id_lieu)
    WHERE coalesce(neuf.est_ouvert, false) <> coalesce(ancien.est_ouvert, false)
)
SELECT communes.cle, mouvements.nom, mouvements.categorie,
    coalesce(noms.nom_territoire, mouvements.code_commune), mouvements.sorte
FROM mouvements JOIN communes USING (code_commune)
LEFT JOIN commun.dim_territoires AS noms ON noms.cle_territoire = 'commune:' || mouvements.code_commune
ORDER BY communes.cle, noms.population DESC NULLS LAST, mouvements.id_lieu
"""
# What a former generation must have for a part to be compared; one written by an older release may not.
BESOINS = {
    "les valeurs des indicateurs": [(axe, f"indicateurs_{axe}", "valeur") for axe in AXES],
    "le suivi": [("synthese", "suivi", "etat")],
    "les enjeux": [("synthese", "enjeux_prioritaires", "rang")],
    "les recommandations": [("recommandation", "decisions", "libelle_action")],
    "les lieux": [("commun", "dim_lieux", "est_ouvert")],
}
PARTS = {
    "les valeurs des indicateurs": ("mesures", MESURES),
    "le suivi": ("suivis", SUIVIS),
    "les enjeux": ("enjeux", ENJEUX),
    "les recommandations": ("decisions", DECISIONS),
    "les lieux": ("portes", PORTES),
}
RETARDS = """
SELECT titre, date_donnees, date_donnees + fraicheur_max_jours AS limite,
    date_donnees + fraicheur_max_jours >= :depuis AS est_nouveau
FROM commun.dim_sources WHERE date_donnees + fraicheur_max_jours < :jour ORDER BY 4 DESC, 3 DESC, source
"""
# The last delivery of a source is what a planner may still ask for; a refusal that a later delivery mended is no news.
LIVRAISONS = """
WITH dernieres AS (
    SELECT DISTINCT ON (source) * FROM pilotage.livraisons WHERE decidee_le IS NOT NULL
    ORDER BY source, decidee_le DESC, livraison
)
SELECT coalesce(sources.titre, dernieres.source), dernieres.millesime, dernieres.etat = 'refusee', dernieres.motif,
    coalesce(dernieres.nb_quarantaine, 0)
FROM dernieres LEFT JOIN commun.dim_sources AS sources USING (source)
WHERE dernieres.decidee_le > :instant AND (dernieres.etat = 'refusee' OR dernieres.nb_quarantaine > 0)
ORDER BY 3 DESC, 5 DESC, dernieres.source
"""
ECHECS = """
SELECT etape, objet, debut, message FROM pilotage.etapes AS faites
WHERE etat = 'echouee' AND debut > :instant AND NOT EXISTS (
    SELECT 1 FROM pilotage.etapes AS suivantes
    WHERE suivantes.etape = faites.etape AND suivantes.objet = faites.objet AND suivantes.id > faites.id
        AND suivantes.etat <> 'en_cours'
)
ORDER BY debut, id
"""
