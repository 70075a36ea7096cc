-- Grain : une ligne par commune (arrondissement à Paris, Lyon, Marseille) et par millésime, dans les codes du millésime.
-- Cinq mises en page : le code est entier, ou en deux morceaux (département + numéro, sur trois chiffres outre-mer aussi).
WITH brut AS (
    SELECT
        _millesime AS millesime,
        {{ code_commune('code_commune') }} AS code_entier,
        {{ code_departement('code_departement') }} AS code_departement,
        {{ texte('codcom') }} AS numero,
        {{ entier('pmun') }} AS population_municipale,
        {{ entier('ptot') }} AS population_totale
    FROM {{ source('raw', 'insee__populations') }}
)

SELECT
    millesime,
    COALESCE(
        code_entier,
        code_departement || RIGHT(LPAD(numero, 3, '0'), 5 - LENGTH(code_departement))
    ) AS code_commune,
    population_municipale,
    population_totale
FROM brut
