-- Grain : une ligne par point de recharge et millésime ; d'un point écrit plusieurs fois, la ligne mise à jour en dernier.
-- A point without an identifier of itinerancy (« Non concerné ») is known by its row only.
SELECT DISTINCT ON (_millesime, id_point)
    _millesime AS millesime,
    id_point,
    {{ texte('id_station_itinerance') }} AS id_station,
    {{ texte('nom_station') }} AS nom_station,
    {{ texte('nom_operateur') }} AS operateur,
    {{ texte('nom_enseigne') }} AS enseigne,
    {{ texte('implantation_station') }} AS implantation,
    {{ code_commune_saisi('code_insee_commune') }} AS code_commune,
    {{ latitude('consolidated_latitude', 'consolidated_longitude') }} AS latitude,
    {{ longitude('consolidated_latitude', 'consolidated_longitude') }} AS longitude,
    {{ decimal('puissance_nominale') }} AS puissance_kw,
    {{ booleen('gratuit') }} AS est_gratuit,
    {{ booleen('reservation') }} AS est_reservable,
    {{ booleen('station_deux_roues') }} AS est_deux_roues,
    {{ texte('condition_acces') }} AS condition_acces,
    {{ jour('date_mise_en_service') }} AS date_mise_en_service
FROM (
    SELECT
        *,
        CASE
            WHEN id_pdc_itinerance ~ '^[A-Z]{2}' THEN {{ texte('id_pdc_itinerance') }}
            ELSE 'ligne:' || _livraison || ':' || _ligne
        END AS id_point
    FROM {{ source('raw', 'datagouv__bornes_recharge') }}
) AS points
ORDER BY _millesime, id_point, date_maj DESC NULLS LAST, _ligne
