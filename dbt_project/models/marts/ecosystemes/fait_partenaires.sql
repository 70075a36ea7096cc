-- Grain : une ligne par partenariat.
-- The contact stays in the territory's own file.
{{ config(post_hook="{{ contraintes(['niveau', 'code_territoire', 'id_partenariat'], {
    'cle_territoire': ['dim_territoires', 'cle_territoire'], 'code_action': ['dim_actions', 'code_action'],
}) }}") }}
WITH partenariats AS (
    {{ apports_situes('stg_apports__partenaires', ['niveau', 'code_territoire', 'id_partenariat']) }}
)

SELECT
    p.niveau,
    p.code_territoire,
    p.id_partenariat,
    p.cle_territoire,
    p.nom_partenaire,
    p.siret,
    p.type_partenaire,
    dim.code_action,
    dim.code_axe,
    p.objet,
    p.etat,
    p.date_debut,
    p.date_fin,
    p.montant_eur,
    p.etat = 'signe' AND COALESCE(p.date_fin >= CURRENT_DATE, TRUE) AS est_en_cours
FROM partenariats AS p
LEFT JOIN {{ ref('dim_actions') }} AS dim ON dim.code_action = p.code_action
