-- Grain : une ligne par commune ou district d'une collectivité d'outre-mer et par millésime.
SELECT
    _millesime AS millesime,
    {{ code_commune('code_commune') }} AS code_commune,
    {{ texte('nom_commune') }} AS nom_commune,
    {{ texte('code_collectivite') }} AS code_collectivite,
    {{ texte('nom_collectivite') }} AS nom_collectivite,
    {{ entier('population') }} AS population
FROM {{ source('raw', 'insee__collectivites_outremer') }}
