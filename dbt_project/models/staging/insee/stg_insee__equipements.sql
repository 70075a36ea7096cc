-- Grain : une ligne par millésime, commune (ou arrondissement municipal) et type d'équipement présent ; un zéro livré n'a pas de ligne.
{% set types = {
    'particuliers': ['A101', 'A104', 'A105', 'A108', 'A109', 'A120', 'A121', 'A122', 'A124', 'A125', 'A126', 'A128', 'A129', 'A130',
        'A131', 'A132', 'A203', 'A205', 'A206', 'A207', 'A208', 'A301', 'A302', 'A303', 'A304', 'A401', 'A402', 'A403', 'A404',
        'A405', 'A406', 'A501', 'A502', 'A503', 'A504', 'A505', 'A506', 'A507'],
    'commerces': ['B101', 'B102', 'B103', 'B201', 'B202', 'B203', 'B204', 'B205', 'B206', 'B301', 'B302', 'B303', 'B304', 'B305',
        'B306', 'B307', 'B308', 'B309', 'B310', 'B311', 'B312', 'B313', 'B315', 'B316'],
    'premier_degre': ['C101', 'C102', 'C104', 'C105'],
    'sante': ['D101', 'D102', 'D103', 'D104', 'D105', 'D106', 'D107', 'D108', 'D109', 'D110', 'D111', 'D112', 'D113', 'D302', 'D303',
        'D304', 'D305', 'D307'],
    'medical': ['D201', 'D202', 'D203', 'D206', 'D207', 'D208', 'D209', 'D210', 'D211', 'D212', 'D213', 'D214', 'D221', 'D231',
        'D232', 'D233', 'D235', 'D236', 'D237', 'D238', 'D239', 'D240', 'D242', 'D243'],
    'action_sociale': ['D401', 'D402', 'D403', 'D502', 'D601', 'D602', 'D603', 'D604', 'D605', 'D606', 'D701', 'D702', 'D703', 'D704',
        'D705', 'D709'],
    'tourisme_transports': ['E101', 'E102', 'E107', 'E108', 'E109', 'G101', 'G102', 'G103', 'G104'],
} %}
{% for fichier, codes in types.items() %}
SELECT
    fichier._millesime AS millesime,
    {{ code_commune('fichier.codgeo') }} AS code_commune,
    equipement.type_equipement,
    {{ entier('equipement.nombre') }} AS nombre
FROM {{ source('raw', 'insee__equipements__' ~ fichier) }} AS fichier
CROSS JOIN LATERAL (VALUES {% for code in codes %}('{{ code }}', fichier.nb_{{ code | lower }}){% if not loop.last %}, {% endif %}{% endfor %})
    AS equipement (type_equipement, nombre)
-- A hundred columns of zeros a commune: dropped as text, before any typing. An empty cell stays, and is refused by the gate.
WHERE equipement.nombre IS DISTINCT FROM '0'
{% if not loop.last %}UNION ALL{% endif %}
{% endfor %}
