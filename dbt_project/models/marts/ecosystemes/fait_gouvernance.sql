-- Grain : une ligne par siège d'une instance de gouvernance.
-- Neither a name nor an e-mail address comes here: they stay in the territory's own file.
{{ config(post_hook="{{ contraintes(['niveau', 'code_territoire', 'id_membre'], {
    'cle_territoire': ['dim_territoires', 'cle_territoire'],
}) }}") }}
WITH sieges AS (
    {{ apports_situes('stg_apports__gouvernance', ['niveau', 'code_territoire', 'id_membre']) }}
)

SELECT
    niveau,
    code_territoire,
    id_membre,
    cle_territoire,
    instance,
    college,
    organisme,
    fonction,
    date_debut,
    date_fin,
    COALESCE(date_debut <= CURRENT_DATE, TRUE) AND COALESCE(date_fin >= CURRENT_DATE, TRUE) AS est_en_cours
FROM sieges
