-- Grain : une ligne par commune membre d'un EPCI à fiscalité propre et par millésime.
SELECT
    _millesime AS millesime,
    {{ siren('siren') }} AS siren_epci,
    {{ texte('raison_sociale') }} AS nom_epci,
    {{ texte('nature_juridique') }} AS nature_juridique,
    {{ entier('nb_membres') }} AS nb_communes_epci,
    {{ entier('total_pop_mun') }} AS population_municipale_epci,
    {{ code_commune('insee') }} AS code_commune,
    {{ siren('siren_membre') }} AS siren_commune,
    {{ entier('pmun') }} AS population_municipale
FROM {{ source('raw', 'dgcl__intercommunalites') }}
