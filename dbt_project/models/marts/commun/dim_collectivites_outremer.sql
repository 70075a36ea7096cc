-- Grain : une ligne par commune ou district d'une collectivité d'outre-mer, au dernier millésime.
-- Known by name, outside every level: the official code of communes does not list them, nor does any national figure count them.
{{ config(post_hook="{{ contraintes(['code_commune']) }}") }}
SELECT
    c.code_commune,
    c.nom_commune,
    c.code_collectivite,
    c.nom_collectivite,
    c.population,
    fiche.date_donnees
FROM {{ ref('stg_insee__collectivites_outremer') }} AS c
LEFT JOIN {{ ref('fiches_millesimes') }} AS fiche
    ON fiche.source = 'insee__collectivites_outremer' AND fiche.millesime = c.millesime
WHERE {{ dernier_millesime('c', 'stg_insee__collectivites_outremer') }}
