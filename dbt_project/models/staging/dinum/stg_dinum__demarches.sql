-- Grain : une ligne par démarche et par édition de l'observatoire.
SELECT
    _millesime AS millesime,
    {{ texte('id') }} AS id_demarche,
    {{ texte('title') }} AS nom,
    {{ texte('ministere') }} AS ministere,
    {{ texte('administration') }} AS administration,
    {{ entier('volume', 'bigint') }} AS volume,
    {{ entier('usage', 'bigint') }} AS volume_en_ligne,
    {{ texte('online') }} AS en_ligne,
    {{ decimal('satisfaction') }} AS note_satisfaction,
    {{ decimal('simplicity') }} AS note_simplicite,
    {{ decimal('handicap') }} AS conformite_rgaa_pct,
    {{ texte('dlnuf') }} AS dites_le_nous_une_fois,
    {{ texte('auth') }} AS franceconnect
FROM {{ source('raw', 'dinum__demarches') }}
