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
