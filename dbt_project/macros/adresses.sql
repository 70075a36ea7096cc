{# Lower case, no accents, only letters and digits, the usual abbreviations written out. Two spellings, one text. #}
{% macro normaliser(colonne) -%}
    {%- set abreges = {'st': 'saint', 'ste': 'sainte', 'av': 'avenue', 'ave': 'avenue', 'bd': 'boulevard', 'bld': 'boulevard',
        'bvd': 'boulevard', 'pl': 'place', 'rte': 'route', 'che': 'chemin', 'chem': 'chemin', 'imp': 'impasse', 'all': 'allee',
        'sq': 'square', 'fbg': 'faubourg', 'crs': 'cours', 'gal': 'general', 'mal': 'marechal', 'dr': 'docteur', 'pdt': 'president'} -%}
    {%- set ns = namespace(texte="' ' || REGEXP_REPLACE(LOWER(unaccent(" ~ colonne ~ ")), '[^a-z0-9]+', ' ', 'g') || ' '") -%}
    {%- for abrege, entier in abreges.items() -%}
        {%- set ns.texte = "REPLACE(" ~ ns.texte ~ ", ' " ~ abrege ~ " ', ' " ~ entier ~ " ')" -%}
    {%- endfor -%}
    NULLIF(BTRIM({{ ns.texte }}), '')
{%- endmacro %}

{# Number and street alone, of a normalised address: what follows the postcode, and the town at the end, are left out. #}
{% macro normaliser_voie(adresse, code_postal, localite) -%}
    NULLIF(BTRIM(REGEXP_REPLACE(
        REGEXP_REPLACE({{ adresse }}, '\s*\m' || COALESCE({{ code_postal }}, '~') || '\M.*$', ''),
        '\s+' || COALESCE({{ localite }}, '~') || '$', ''
    )), '')
{%- endmacro %}

{# A normalised town as La Poste writes it: no arrondissement, no CEDEX, no article in front. #}
{% macro normaliser_localite(localite) -%}
    REGEXP_REPLACE(
        REGEXP_REPLACE({{ localite }}, '\s*(cedex.*|[0-9]+(er|e|eme)? arrondissement|[0-9]+)$', ''), '^(la|le|les|l) ', ''
    )
{%- endmacro %}
