-- Grain : une ligne par millésime, opérateur et site.
SELECT
    _millesime AS millesime,
    _livraison || ':' || _ligne AS id_source,
    {{ texte('operateur') }} AS operateur,
    {{ latitude('y', 'x') }} AS latitude,
    {{ longitude('y', 'x') }} AS longitude,
    {{ booleen('c2g') }} AS a_2g,
    {{ booleen('c3g') }} AS a_3g,
    {{ booleen('c4g') }} AS a_4g
FROM {{ source('raw', 'arcep__sites_mobiles') }}
