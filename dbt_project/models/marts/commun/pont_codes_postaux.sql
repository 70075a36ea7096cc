-- Grain : une ligne par commune actuelle et code postal, au dernier millésime de La Poste.
-- Codes of overseas collectivities outside the COG and of Monaco stay out.
{{ config(post_hook="{{ contraintes(['code_commune', 'code_postal']) }}") }}
WITH livres AS ({{ communes_actuelles(ref('stg_laposte__codes_postaux'), 'laposte__codes_postaux') }})

SELECT DISTINCT
    cog.code_commune,
    livres.code_postal,
    'commune:' || cog.code_commune AS cle_territoire
FROM livres
INNER JOIN {{ ref('int_communes_courantes') }} AS cog ON cog.code_commune = livres.code_actuel
WHERE {{ dernier_millesime('livres', 'stg_laposte__codes_postaux') }} AND livres.code_postal IS NOT NULL
