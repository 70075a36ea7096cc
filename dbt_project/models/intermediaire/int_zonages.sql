-- Grain : une ligne par commune actuelle : les zones et les classements où elle est.
-- A zone cannot be added: a commune merged since takes that of its most populated parts, a commune split since that of the
-- whole; `nb_bassins_vie_reunis` says from how many basins its parts come.
{% set zonages = ['code_bassin_vie', 'code_zone_emploi', 'code_unite_urbaine', 'code_aire_attraction', 'categorie_aire_attraction'] %}
WITH livres AS (
    SELECT amont.*, amont.part * COALESCE(population.population_municipale, 0) AS poids
    FROM ({{ communes_actuelles(ref('stg_insee__appartenance_geographique'), 'insee__appartenance_geographique') }}) AS amont
    LEFT JOIN {{ ref('int_populations_epoque') }} AS population
        ON population.date_reference = amont.geographie AND population.code_commune = amont.code_commune
    WHERE {{ dernier_millesime('amont', 'stg_insee__appartenance_geographique') }}
),

{% for zonage in zonages %}
{{ zonage }}s AS (
    SELECT DISTINCT ON (code_actuel) code_actuel, {{ zonage }}
        {%- if zonage == 'code_bassin_vie' %}, COUNT(*) OVER (PARTITION BY code_actuel) AS nb_bassins_vie_reunis{% endif %}
    FROM livres
    {%- if zonage == 'categorie_aire_attraction' %}
    -- The place is one in the area kept: never « couronne » of no area.
    INNER JOIN (SELECT code_actuel, code_aire_attraction AS code_aire FROM code_aire_attractions) AS gardee USING (code_actuel)
    WHERE gardee.code_aire IS NOT DISTINCT FROM livres.code_aire_attraction
    {%- endif %}
    GROUP BY code_actuel, {{ zonage }}
    ORDER BY code_actuel, SUM(poids) DESC, COUNT(*) DESC, {{ zonage }}
),

{% endfor %}
zrr AS (
    SELECT DISTINCT ON (amont.code_actuel) amont.code_actuel, amont.est_zrr
    FROM ({{ communes_actuelles(ref('stg_dgcl__zones_revitalisation_rurale'), 'dgcl__zones_revitalisation_rurale') }}) AS amont
    LEFT JOIN {{ ref('int_populations_epoque') }} AS population
        ON population.date_reference = amont.geographie AND population.code_commune = amont.code_commune
    WHERE {{ dernier_millesime('amont', 'stg_dgcl__zones_revitalisation_rurale') }}
    GROUP BY amont.code_actuel, amont.est_zrr
    ORDER BY amont.code_actuel, SUM(amont.part * COALESCE(population.population_municipale, 0)) DESC, COUNT(*) DESC, amont.est_zrr
),

centralite AS (
    SELECT DISTINCT ON (code_actuel) code_actuel, niveau_centralite
    FROM ({{ communes_actuelles(ref('stg_anct__centralite'), 'anct__centralite') }}) AS amont
    WHERE {{ dernier_millesime('amont', 'stg_anct__centralite') }}
    ORDER BY code_actuel, (code_commune = code_actuel) DESC, code_commune
),

montagne AS (
    -- A list, not a column: a commune that is not there is not in the mountains, provided that there is a list.
    SELECT DISTINCT ON (code_actuel) code_actuel, massif
    FROM ({{ communes_actuelles(ref('stg_anct__montagne'), 'anct__montagne') }}) AS amont
    WHERE {{ dernier_millesime('amont', 'stg_anct__montagne') }}
    ORDER BY code_actuel, (code_commune = code_actuel) DESC, code_commune
)

SELECT
    c.code_commune,
    {% for zonage in zonages %}
    {{ zonage }}s.{{ zonage }},
    {% endfor %}
    code_bassin_vies.nb_bassins_vie_reunis,
    cog.code_arrondissement,
    centralite.niveau_centralite,
    CASE WHEN EXISTS (SELECT 1 FROM montagne) THEN montagne.code_actuel IS NOT NULL END AS est_montagne,
    montagne.massif,
    zrr.est_zrr
FROM {{ ref('int_communes_courantes') }} AS c
INNER JOIN {{ ref('stg_insee__communes') }} AS cog
    ON cog.code_commune = c.code_commune AND cog.millesime = c.millesime AND cog.nature = 'COM'
{% for zonage in zonages %}
LEFT JOIN {{ zonage }}s ON {{ zonage }}s.code_actuel = c.code_commune
{% endfor %}
LEFT JOIN centralite ON centralite.code_actuel = c.code_commune
LEFT JOIN montagne ON montagne.code_actuel = c.code_commune
LEFT JOIN zrr ON zrr.code_actuel = c.code_commune
