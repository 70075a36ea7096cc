{#
    The lists of the ANCT's programmes hold one record a commune, with all its places: « id; id » and « name; name ». Names are
    given to identifiers by rank when there are as many; a single name is that of each; otherwise the whole text is kept, so that
    nothing is guessed. The point is the commune's centre: no position.
#}
{% macro tiers_lieux_par_commune(fiche, identifiant) -%}
WITH communes AS (
    SELECT
        _millesime AS millesime,
        {{ code_commune('id_geo') }} AS code_commune,
        NULLIF({{ texte('lib_geo') }}, 'NA') AS localite,
        REGEXP_SPLIT_TO_ARRAY({{ texte('id_territoire') }}, '; ') AS identifiants,
        REPLACE(REGEXP_REPLACE({{ texte('lib_territoire') }}, '\s+', ' ', 'g'), '&amp;', '&') AS libelle
    FROM {{ source('raw', fiche) }}
),

listes AS (
    SELECT *, REGEXP_SPLIT_TO_ARRAY(libelle, '; ') AS noms FROM communes
)

SELECT
    listes.millesime,
    lieu.identifiant AS {{ identifiant }},
    {{ sans_coordonnees("CASE
        WHEN CARDINALITY(listes.noms) = CARDINALITY(listes.identifiants) THEN BTRIM(listes.noms[lieu.rang])
        ELSE BTRIM(listes.libelle)
    END") }} AS nom,
    listes.code_commune,
    listes.localite,
    CARDINALITY(listes.noms) NOT IN (1, CARDINALITY(listes.identifiants)) AND CARDINALITY(listes.identifiants) > 1 AS est_nom_commun
FROM listes
CROSS JOIN LATERAL UNNEST(listes.identifiants) WITH ORDINALITY AS lieu (identifiant, rang)
{%- endmacro %}

{# Kind of actor that a list tells of. #}
{% macro nature_acteur(source) -%}
    CASE {{ source }}
        WHEN 'anct__france_services' THEN 'france_services'
        WHEN 'mednum__lieux_mediation' THEN 'mediation'
        WHEN 'anct__aidants_connect' THEN 'aidants_connect'
        WHEN 'anct__conseillers_numeriques' THEN 'conseiller_numerique'
        WHEN 'culture__bibliotheques' THEN 'bibliotheque'
        WHEN 'laposte__points_contact' THEN 'la_poste'
        WHEN 'anct__fabriques_de_territoire' THEN 'fabrique'
        WHEN 'anct__manufactures_proximite' THEN 'manufacture'
        WHEN 'cget__maisons_services_public' THEN 'msap'
    END
{%- endmacro %}

{# The national network of a kind of actor; NULL for those that are none. #}
{% macro reseau_national(nature) -%}
    CASE {{ nature }}
        WHEN 'france_services' THEN 'france_services'
        WHEN 'aidants_connect' THEN 'aidants_connect'
        WHEN 'conseiller_numerique' THEN 'conseillers_numeriques'
        WHEN 'fabrique' THEN 'fabriques_de_territoire'
        WHEN 'manufacture' THEN 'manufactures_de_proximite'
    END
{%- endmacro %}
