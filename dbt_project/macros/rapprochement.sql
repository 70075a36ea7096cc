{# What a place is, by its list or by the words of its (normalised) name; NULL when neither tells. #}
{% macro nature_lieu(source, nom) -%}
    CASE
        WHEN {{ source }} IN ('anct__france_services', 'cget__maisons_services_public') THEN 'france_services'
        WHEN {{ source }} = 'laposte__points_contact' THEN 'poste'
        WHEN {{ source }} = 'culture__bibliotheques' THEN 'bibliotheque'
        WHEN {{ nom }} ~ '\m(france services?|maisons? (de )?services? (au|aux) publics?|msap|efs|mfs)\M' THEN 'france_services'
        WHEN {{ nom }} ~ '\m(la poste|agence postale|bureau de poste)\M' THEN 'poste'
        WHEN {{ nom }} ~ '\m(bibliotheque|mediatheque|ludotheque)' THEN 'bibliotheque'
        WHEN {{ nom }} ~ '\m(ccas|cias|c c a s|c i a s|centre (inter)?communal d action sociale)\M' THEN 'ccas'
        WHEN {{ nom }} ~ '\m(centre social|centre socio|espace de vie sociale|centres sociaux|csc|mjc)' THEN 'centre_social'
        WHEN {{ nom }} ~ '\mmission locale' THEN 'mission_locale'
        WHEN {{ nom }} ~ '\m(departement|mds|utas|maison des solidarites|maison departementale|conseil departemental)\M' THEN 'departement'
        WHEN {{ nom }} ~ '\m(communaute (de|d) ?(communes|agglomeration)|metropole|agglomeration)\M' THEN 'intercommunalite'
        WHEN {{ nom }} ~ '^(mairie|commune|ville|hotel de ville)\M' THEN 'mairie'
        WHEN {{ nom }} ~ '^(association|asso)\M|\mfablab|\mtiers lieu' THEN 'association'
    END
{%- endmacro %}

{# What the model looks at: the columns of int_lieux_attributs, and the rows of the seed lieux_modele. #}
{% macro attributs_lieux() -%}
    {{ return(['meme_siret', 'meme_siren', 'autre_siren', 'similarite_nom', 'nom_contenu', 'meme_nature', 'autre_nature', 'meme_adresse',
        'meme_voie_sans_numero', 'similarite_voie', 'voie_contenue', 'sans_voie', 'nom_sans_adresse', 'meme_numero', 'autre_numero',
        'proximite', 'eloignement', 'sans_distance', 'double_label', 'seul_label', 'autre_commune',
        'autre_commune_sans_numero', 'rarete']) }}
{%- endmacro %}

{# Probability that two descriptions are those of one place: logistic, coefficients of the seed. #}
{% macro score_lieux() -%}
    1 / (1 + EXP(-(
        (SELECT coefficient FROM {{ ref('lieux_modele') }} WHERE attribut = 'constante')
        {%- for attribut in attributs_lieux() %}
        + (SELECT coefficient FROM {{ ref('lieux_modele') }} WHERE attribut = '{{ attribut }}') * {{ attribut }}
        {%- endfor %}
    )))
{%- endmacro %}

{% macro seuil_lieux(nom) -%}
    (SELECT valeur FROM {{ ref('lieux_mesures') }} WHERE mesure = '{{ nom }}')
{%- endmacro %}

{#
    Descriptions tied for sure (decisions, repetitions within a list): `groupe` is the smallest key that they reach.
    `liens` names a CTE of (cle_a, cle_b).
#}
{% macro groupes_relies(liens) -%}
    aretes_{{ liens }} AS (
        SELECT cle_a AS depart, cle_b AS arrivee FROM {{ liens }} UNION SELECT cle_b, cle_a FROM {{ liens }}
    ),

    atteints_{{ liens }} AS (
        SELECT depart AS cle, depart AS atteint FROM aretes_{{ liens }}
        UNION
        SELECT a.cle, b.arrivee FROM atteints_{{ liens }} AS a INNER JOIN aretes_{{ liens }} AS b ON b.depart = a.atteint
    )
{%- endmacro %}

{#
    One round of gathering: each group joins the group that it resembles most when the choice is mutual and nothing speaks
    against it. Names of CTEs: `groupes_<rang - 1>` (cle, groupe) -> `groupes_<rang>`.
#}
{% macro tour_de_rapprochement(rang) -%}
    {%- set avant = 'groupes_' ~ (rang - 1) %}
    propositions_{{ rang }} AS MATERIALIZED (
        SELECT LEAST(a.groupe, b.groupe) AS groupe_a, GREATEST(a.groupe, b.groupe) AS groupe_b, MAX(s.score) AS score
        FROM memes AS s
        INNER JOIN {{ avant }} AS a ON a.cle = s.cle_a
        INNER JOIN {{ avant }} AS b ON b.cle = s.cle_b
        WHERE a.groupe <> b.groupe
        GROUP BY 1, 2
    ),

    admises_{{ rang }} AS MATERIALIZED (
        SELECT p.groupe_a, p.groupe_b, p.score
        FROM propositions_{{ rang }} AS p
        INNER JOIN {{ avant }} AS ga ON ga.groupe = p.groupe_a
        INNER JOIN {{ avant }} AS gb ON gb.groupe = p.groupe_b
        INNER JOIN lieux AS a ON a.cle = ga.cle
        INNER JOIN lieux AS b ON b.cle = gb.cle
        LEFT JOIN juges AS s ON s.cle_a = LEAST(a.cle, b.cle) AND s.cle_b = GREATEST(a.cle, b.cle)
        GROUP BY p.groupe_a, p.groupe_b, p.score
        HAVING NOT BOOL_OR(
            a.provenance = b.provenance
            OR COALESCE(
                s.zone = 'different',
                a.est_positionne AND b.est_positionne OR a.est_adresse AND b.est_adresse AND a.code_commune = b.code_commune, FALSE
            )
        )
    ),

    meilleures_{{ rang }} AS (
        SELECT DISTINCT ON (groupe) groupe, groupe_a, groupe_b
        FROM (
            SELECT groupe_a AS groupe, * FROM admises_{{ rang }} UNION ALL SELECT groupe_b, * FROM admises_{{ rang }}
        ) AS x
        ORDER BY groupe, score DESC, groupe_a, groupe_b
    ),

    unions_{{ rang }} AS (
        SELECT groupe_a, groupe_b FROM meilleures_{{ rang }} GROUP BY 1, 2 HAVING COUNT(*) = 2
    ),

    groupes_{{ rang }} AS MATERIALIZED (
        SELECT g.cle, COALESCE(u.groupe_a, g.groupe) AS groupe
        FROM {{ avant }} AS g
        LEFT JOIN unions_{{ rang }} AS u ON u.groupe_b = g.groupe
    )
{%- endmacro %}
