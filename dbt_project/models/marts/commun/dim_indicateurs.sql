-- Grain : une ligne par indicateur publié.
-- depends_on: {{ ref('dim_actions') }}
-- depends_on: {{ ref('dim_axes') }}
-- depends_on: {{ ref('dim_sources') }}
{{ config(post_hook="{{ contraintes(['code_indicateur'], {
    'code_action': ['dim_actions', 'code_action'], 'code_axe': ['dim_axes', 'code_axe'], 'source': ['dim_sources', 'source'],
}) }}") }}
SELECT
    i.code_indicateur,
    i.code_action,
    i.code_axe,
    i.libelle,
    i.unite,
    i.facteur,
    i.sens,
    i.numerateur,
    i.denominateur,
    i.source,
    i.autres_sources,
    i.modele,
    i.description,
    i.niveau_min,
    f.fraicheur_max_jours,
    f.est_verifiee,
    i.cible,
    i.cible_date,
    i.cible_origine
FROM {{ ref('indicateurs') }} AS i
INNER JOIN {{ ref('fiches') }} AS f ON f.source = i.source
