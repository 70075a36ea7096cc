-- Grain : un trimestre et une règle de la réduction (« gardee » : les lignes retenues).
SELECT
    _millesime AS millesime,
    {{ texte('regle') }} AS regle,
    {{ entier('nb_lignes') }} AS lignes
FROM {{ source('raw', 'arcep__immeubles__lignes') }}
