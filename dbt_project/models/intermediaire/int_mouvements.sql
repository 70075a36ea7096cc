-- Grain : une ligne par jour d'évènement, commune de départ et commune d'arrivée.
-- `part` shares a split by the population of its parts, as of the first census published in the new outline;
-- `date_suivante` is the day on which the place of arrival moves in turn.
WITH evenements AS (
    SELECT * FROM {{ ref('int_evenements') }}
),

poids AS (
    SELECT DISTINCT ON (e.date_effet, e.code_avant, e.code_apres)
        e.date_effet, e.code_avant, e.code_apres, p.population_municipale
    FROM evenements AS e
    INNER JOIN {{ ref('int_populations') }} AS p
        ON p.code_commune = e.code_apres AND p.geographie >= e.date_effet
    WHERE e.nb_arrivees > 1
    ORDER BY e.date_effet, e.code_avant, e.code_apres, p.geographie, p.source DESC
),

partages AS (
    SELECT
        e.*,
        poids.population_municipale AS population,
        SUM(poids.population_municipale) OVER evenement AS population_evenement,
        COUNT(poids.population_municipale) OVER evenement AS nb_connues
    FROM evenements AS e
    LEFT JOIN poids USING (date_effet, code_avant, code_apres)
    WINDOW evenement AS (PARTITION BY e.date_effet, e.code_avant)
),

departs AS (
    SELECT DISTINCT date_effet, code_avant, demeure FROM evenements
),

suites AS (
    SELECT e.date_effet, e.code_avant, e.code_apres, MIN(d.date_effet) AS date_suivante
    FROM evenements AS e
    INNER JOIN departs AS d
        ON d.code_avant = e.code_apres
        AND (
            d.date_effet > e.date_effet
            -- Moved on the very same day: it was only passing through.
            OR (d.date_effet = e.date_effet AND NOT d.demeure AND e.code_apres <> e.code_avant)
        )
    GROUP BY e.date_effet, e.code_avant, e.code_apres
)

SELECT
    p.date_effet,
    p.code_avant,
    p.code_apres,
    CASE
        WHEN p.nb_arrivees = 1 THEN 1.0
        WHEN p.nb_connues = p.nb_arrivees AND p.population_evenement > 0
            THEN CAST(p.population AS double precision) / p.population_evenement
        ELSE 1.0 / p.nb_arrivees
    END AS part,
    CASE
        WHEN p.nb_arrivees = 1 THEN 'entière'
        WHEN p.nb_connues = p.nb_arrivees AND p.population_evenement > 0 THEN 'population'
        ELSE 'parts égales'
    END AS partage,
    suites.date_suivante
FROM partages AS p
LEFT JOIN suites USING (date_effet, code_avant, code_apres)
