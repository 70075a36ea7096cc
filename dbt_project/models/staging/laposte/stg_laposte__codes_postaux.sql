-- Grain : une ligne par commune, code postal et ligne 5 d'adresse (lieu-dit ou ancienne commune), par millésime.
SELECT
    _millesime AS millesime,
    {{ code_commune('code_commune_insee') }} AS code_commune,
    {{ code_postal('code_postal') }} AS code_postal,
    {{ texte('nom_commune') }} AS nom_commune,
    {{ texte('ligne_5') }} AS ligne_5,
    {{ texte('libelle_d_acheminement') }} AS libelle_acheminement
FROM {{ source('raw', 'laposte__codes_postaux') }}
