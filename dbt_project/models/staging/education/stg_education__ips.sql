-- Grain : une ligne par école ou collège et par rentrée.
{% for table, niveau in [('education__ips', 'école'), ('education__ips__colleges', 'collège')] %}
SELECT
    _millesime AS millesime,
    {{ texte('uai') }} AS uai,
    '{{ niveau }}' AS niveau,
    {{ texte('rentree_scolaire') }} AS rentree_scolaire,
    {{ texte('nom_de_l_etablissment') }} AS nom,
    {{ code_commune('code_insee_de_la_commune') }} AS code_commune,
    {{ texte('secteur') }} AS secteur,
    {{ decimal('ips') }} AS ips
FROM {{ source('raw', table) }}
{% if not loop.last %}UNION ALL{% endif %}
{% endfor %}
