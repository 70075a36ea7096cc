"""The queries of the site: what each part of a page is made of, in the order in which the page shows it."""

from __future__ import annotations

from pilotage.catalogue import AXES

FAITS = " UNION ALL ".join(
    f"SELECT cle_territoire, niveau, code_indicateur, millesime, numerateur, denominateur, valeur, "
    f"couverture_population_pct, est_secret FROM {axe}.indicateurs_{axe}"
    for axe in AXES
    if axe != "commun"
)
INDICATEURS = f"""
SELECT f.cle_territoire, f.code_indicateur, f.valeur, f.numerateur, f.denominateur, f.couverture_population_pct,
    f.est_secret, c.rang_pairs, c.nb_pairs, c.quantile_pairs, c.mediane_pairs, c.rang_france, c.nb_france,
    c.quantile_france
FROM ({FAITS}) AS f
INNER JOIN synthese.reperes AS r
    ON r.niveau = f.niveau AND r.code_indicateur = f.code_indicateur AND r.millesime = f.millesime
LEFT JOIN synthese.comparaisons AS c
    ON c.cle_territoire = f.cle_territoire AND c.code_indicateur = f.code_indicateur
ORDER BY f.cle_territoire, f.code_indicateur
"""
TERRITOIRES = """
SELECT t.cle_territoire, t.niveau, t.code_territoire, t.nom_territoire, t.population, t.nb_communes,
    t.nb_communes_sans_population, t.superficie_km2, t.niveau_densite, c.classe_ruralite, c.code_departement,
    p.densite_hab_km2, p.part_65_ans_pct, p.niveau_de_vie_eur, p.est_singulier, f.score AS fragilite, f.rang_median,
    f.rang_bas, f.rang_haut, f.nb_communes_classees, ft.part_cinquieme_pct
FROM commun.dim_territoires AS t
LEFT JOIN commun.dim_communes AS c ON c.est_actuelle AND t.niveau = 'commune' AND c.code_commune = t.code_territoire
LEFT JOIN synthese.profils AS p ON p.cle_territoire = t.cle_territoire
LEFT JOIN synthese.fragilite AS f ON f.cle_territoire = t.cle_territoire
LEFT JOIN synthese.fragilite_territoires AS ft ON ft.cle_territoire = t.cle_territoire
ORDER BY t.cle_territoire COLLATE "C"
"""
ENJEUX = """
SELECT cle_territoire, code_action, rang, score, code_indicateur, gravite, ecart_cible, population_concernee, raison
FROM synthese.enjeux_prioritaires ORDER BY cle_territoire, rang
"""
SUIVI = """
SELECT cle_territoire, code_indicateur, etat, motif, cible, cible_date, cible_origine, tendance_par_an, prevision_date,
    prevision, prevision_basse, prevision_haute, serie::text AS serie_json
FROM synthese.suivi ORDER BY cle_territoire, code_indicateur
"""
PAIRS = "SELECT cle_territoire, cle_pair FROM synthese.pairs ORDER BY cle_territoire, rang"
PONT = """
SELECT p.code_commune, p.cle_territoire, p.niveau, c.code_departement
FROM commun.pont_communes_territoires AS p
INNER JOIN commun.dim_communes AS c ON c.code_commune = p.code_commune AND c.est_actuelle
ORDER BY p.cle_territoire, p.code_commune
"""
DECISIONS = """
SELECT d.cle_territoire, d.service, d.action, d.score, d.score_bas, d.score_haut, d.stabilite,
    to_json(d.raisons)::text AS raisons_json, d.bascule, to_json(d.donnees_manquantes)::text AS manquantes_json,
    d.rang_plan, d.population_gagnee, a.temps_min, a.temps_bas_min, a.temps_haut_min, a.nom_site_proche
FROM recommandation.decisions AS d
INNER JOIN recommandation.acces AS a ON a.code_commune = d.code_commune AND a.service = d.service
INNER JOIN commun.dim_services AS s ON s.service = d.service
ORDER BY d.cle_territoire, s.ordre
"""
COMPTES = """
SELECT p.cle_territoire, d.service, d.action, count(*) AS nb_communes, sum(c.population)::bigint AS population
FROM recommandation.decisions AS d
INNER JOIN commun.pont_communes_territoires AS p ON p.code_commune = d.code_commune AND p.niveau <> 'commune'
INNER JOIN commun.dim_communes AS c ON c.code_commune = d.code_commune AND c.est_actuelle
INNER JOIN commun.dim_services AS s ON s.service = d.service
GROUP BY p.cle_territoire, s.ordre, d.service, d.action
ORDER BY p.cle_territoire, s.ordre, count(*) DESC, d.action
"""
IMPLANTATIONS = """
SELECT * FROM (
    SELECT p.cle_territoire, d.service, d.code_commune, c.nom_commune, d.rang_plan, d.population_gagnee, d.stabilite,
        to_json(d.raisons)::text AS raisons_json,
        row_number() OVER (
            PARTITION BY p.cle_territoire ORDER BY d.population_gagnee DESC, d.code_commune, d.service) AS n
    FROM recommandation.decisions AS d
    INNER JOIN commun.pont_communes_territoires AS p ON p.code_commune = d.code_commune AND p.niveau <> 'commune'
    INNER JOIN commun.dim_communes AS c ON c.code_commune = d.code_commune AND c.est_actuelle
    WHERE d.action = 'implanter'
) AS rangees WHERE n <= 25 ORDER BY cle_territoire, n
"""
FRONTIERES = """
SELECT f.cle_territoire, f.service, f.rang, f.code_commune, c.nom_commune, f.population_gagnee, f.population_couverte,
    f.borne
FROM recommandation.frontieres AS f
INNER JOIN commun.dim_communes AS c ON c.code_commune = f.code_commune AND c.est_actuelle
INNER JOIN commun.dim_services AS s ON s.service = f.service
ORDER BY f.cle_territoire, s.ordre, f.rang
"""
FERMETURES = """
SELECT * FROM (
    SELECT p.cle_territoire, s.ordre, f.service, f.id_offre, f.nom, c.nom_commune, f.code_commune,
        f.population_rattachee, f.population_au_dela, f.minutes_en_plus, row_number() OVER (
            PARTITION BY p.cle_territoire, f.service
            ORDER BY f.population_au_dela DESC, f.population_rattachee DESC, f.id_offre) AS n
    FROM recommandation.fermetures AS f
    INNER JOIN commun.pont_communes_territoires AS p ON p.code_commune = f.code_commune
    INNER JOIN commun.dim_communes AS c ON c.code_commune = f.code_commune AND c.est_actuelle
    INNER JOIN commun.dim_services AS s ON s.service = f.service
    WHERE f.service IN ('france_services', 'maternite', 'tiers_lieu', 'conseiller_numerique')
) AS rangees WHERE n <= 30 ORDER BY cle_territoire, ordre, n
"""
LIEUX = """
SELECT c.code_departement, l.id_lieu, l.nom_lieu, l.code_commune, l.adresse, l.latitude, l.longitude,
    concat_ws(',', CASE WHEN est_france_services THEN 'fs' END, CASE WHEN est_mediation THEN 'me' END,
        CASE WHEN est_conseiller_numerique THEN 'cn' END, CASE WHEN est_aidants_connect THEN 'ac' END,
        CASE WHEN est_bibliotheque THEN 'bi' END, CASE WHEN est_poste THEN 'po' END,
        CASE WHEN est_fabrique OR est_manufacture THEN 'tl' END) AS genres
FROM commun.dim_lieux AS l
INNER JOIN commun.dim_communes AS c ON c.code_commune = l.code_commune AND c.est_actuelle
WHERE l.est_ouvert AND l.latitude IS NOT NULL
ORDER BY c.code_departement, l.code_commune, l.nom_lieu, l.id_lieu
"""
APPORTS = {
    "actions": """
SELECT cle_territoire, intitule, code_action, pilote, etat, date_debut, date_fin_prevue, date_fin_reelle,
    budget_prevu_eur, budget_engage_eur, budget_depense_eur, avancement_pct, financeurs, est_en_retard
FROM commun.fait_actions_territoire ORDER BY cle_territoire, date_debut, id_action""",
    "objectifs": """
SELECT cle_territoire, code_indicateur, date_objectif, valeur_cible, unite, origine
FROM commun.fait_objectifs ORDER BY cle_territoire, code_indicateur, date_objectif""",
    "priorites": """
SELECT cle_territoire, code_action, poids, est_ecartee, motif
FROM commun.fait_priorites ORDER BY cle_territoire, poids DESC, code_action""",
    "compteurs": """
SELECT cle_territoire, nom_compteur, valeur, unite, evolution, date_mesure
FROM commun.fait_compteurs WHERE est_derniere ORDER BY cle_territoire, code_compteur""",
    "gouvernance": """
SELECT cle_territoire, instance, college, organisme, fonction
FROM ecosystemes.fait_gouvernance WHERE est_en_cours ORDER BY cle_territoire, instance, college, id_membre""",
    "partenaires": """
SELECT cle_territoire, nom_partenaire, type_partenaire, code_action, objet, etat, date_debut, date_fin, montant_eur
FROM ecosystemes.fait_partenaires WHERE est_en_cours ORDER BY cle_territoire, nom_partenaire, id_partenariat""",
}
CONTOURS = """
SELECT c.code_departement, f.code_commune, c.nom_commune, f.geometrie
FROM commun.fait_contours AS f
INNER JOIN commun.dim_communes AS c ON c.code_commune = f.code_commune AND c.est_actuelle
WHERE f.millesime = (SELECT max(millesime) FROM commun.fait_contours)
ORDER BY c.code_departement, f.code_commune
"""
CODES_POSTAUX = "SELECT DISTINCT code_postal, code_commune FROM commun.pont_codes_postaux ORDER BY 1, 2"
