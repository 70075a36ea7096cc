-- Grain : une ligne par lieu réel où un public trouve une aide ou un service, tel que les sources permettent de le voir.
-- Name, address and position are those of its first description: France services, then mediation, libraries, La Poste,
-- Aidants Connect, advisers, tiers-lieux, houses of 2018. A flag is true when a source says so of an open place; the houses of
-- services of 2018 are told as such: whether they still receive is not known.
-- depends_on: {{ ref('dim_territoires') }}
{{ config(post_hook=[
    "{{ contraintes(['id_lieu'], {'cle_territoire': ['dim_territoires', 'cle_territoire']}) }}",
    "{{ rattacher('pont_lieux_sources', 'id_lieu') }}",
]) }}
WITH descriptions AS (
    SELECT
        pont.id_lieu, l.*,
        {{ nature_acteur('l.source') }} AS categorie
    FROM {{ ref('pont_lieux_sources') }} AS pont
    INNER JOIN {{ ref('int_lieux_localises') }} AS l USING (source, millesime, id_source)
),

premieres AS (
    SELECT DISTINCT ON (id_lieu) * FROM descriptions ORDER BY id_lieu, cle
),

reunies AS (
    SELECT
        id_lieu,
        (ARRAY_AGG(code_commune ORDER BY cle) FILTER (WHERE code_commune IS NOT NULL))[1] AS code_commune,
        (ARRAY_AGG(siret ORDER BY cle) FILTER (WHERE siret IS NOT NULL))[1] AS siret,
        (ARRAY_AGG(adresse ORDER BY cle) FILTER (WHERE adresse IS NOT NULL))[1] AS adresse,
        (ARRAY_AGG(latitude ORDER BY cle) FILTER (WHERE latitude IS NOT NULL))[1] AS latitude,
        (ARRAY_AGG(longitude ORDER BY cle) FILTER (WHERE latitude IS NOT NULL))[1] AS longitude,
        (ARRAY_AGG(code_postal ORDER BY cle) FILTER (WHERE code_postal IS NOT NULL))[1] AS code_postal,
        COUNT(DISTINCT source) AS nb_sources,
        COUNT(*) AS nb_descriptions,
        {% for categorie, nom in {'france_services': 'est_france_services', 'bibliotheque': 'est_bibliotheque', 'la_poste': 'est_poste',
            'mediation': 'est_mediation', 'aidants_connect': 'est_aidants_connect', 'conseiller_numerique': 'est_conseiller_numerique',
            'fabrique': 'est_fabrique', 'manufacture': 'est_manufacture'}.items() %}
        COALESCE(BOOL_OR(est_ouvert) FILTER (WHERE categorie = '{{ categorie }}'), FALSE) AS {{ nom }},
        {% endfor %}
        BOOL_OR(categorie = 'msap') AS est_msap_2018,
        BOOL_OR(est_ouvert) AS est_ouvert
    FROM descriptions
    GROUP BY id_lieu
)

SELECT
    r.id_lieu, p.nom AS nom_lieu, p.categorie, r.code_commune, 'commune:' || r.code_commune AS cle_territoire, r.adresse, r.code_postal,
    r.latitude, r.longitude, r.siret, r.nb_sources, r.nb_descriptions, r.est_france_services, r.est_bibliotheque, r.est_poste,
    r.est_mediation, r.est_aidants_connect, r.est_conseiller_numerique, r.est_fabrique, r.est_manufacture, r.est_msap_2018, r.est_ouvert
FROM reunies AS r
INNER JOIN premieres AS p USING (id_lieu)
