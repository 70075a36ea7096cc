{# What the two engines say differently, and nothing else: reading files, matching a pattern, casting without failing. #}

{% macro preparer_brut() %}{{ return(adapter.dispatch('preparer_brut', 'immeubles')()) }}{% endmacro %}
{% macro preparer_communes() %}{{ return(adapter.dispatch('preparer_communes', 'immeubles')()) }}{% endmacro %}
{% macro brut() %}{{ return(adapter.dispatch('brut', 'immeubles')()) }}{% endmacro %}
{% macro communes_lues() %}{{ return(adapter.dispatch('communes_lues', 'immeubles')()) }}{% endmacro %}
{% macro correspond(texte, motif) %}{{ return(adapter.dispatch('correspond', 'immeubles')(texte, motif)) }}{% endmacro %}

{% macro duckdb__preparer_brut() %}
create or replace view {{ target.schema }}.immeubles_bruts as
select * from
{% if var('format') == 'csv' %}
    read_csv('{{ var("brut") }}/*/*.csv', all_varchar = true, header = true, delim = ',', quote = '"', escape = '"',
             hive_partitioning = true, hive_types_autocast = false, union_by_name = true, sample_size = 1000)
{% else %}
    read_parquet('{{ var("brut") }}/*/*.parquet', hive_partitioning = true, hive_types_autocast = false, union_by_name = true)
{% endif %}
{% endmacro %}

{% macro spark__preparer_brut() %}
create or replace temporary view immeubles_bruts using {{ var('format') }}
options (path '{{ var("brut") }}', header 'true', quote '"', escape '"', mergeSchema 'true')
{% endmacro %}

{% macro duckdb__preparer_communes() %}
create or replace view {{ target.schema }}.communes_lues as
select * from read_csv('{{ var("communes") }}', all_varchar = true, header = true)
{% endmacro %}

{% macro spark__preparer_communes() %}
create or replace temporary view communes_lues using csv options (path '{{ var("communes") }}', header 'true')
{% endmacro %}

{% macro duckdb__brut() %}{{ target.schema }}.immeubles_bruts{% endmacro %}
{% macro spark__brut() %}immeubles_bruts{% endmacro %}
{% macro duckdb__communes_lues() %}{{ target.schema }}.communes_lues{% endmacro %}
{% macro spark__communes_lues() %}communes_lues{% endmacro %}

{% macro duckdb__correspond(texte, motif) %}regexp_full_match({{ texte }}, '{{ motif }}'){% endmacro %}
{% macro spark__correspond(texte, motif) %}({{ texte }} rlike '^({{ motif }})$'){% endmacro %}

{# Spark would take «2024» for the first of January and DuckDB would not: only whole dates are cast. #}
{% macro en_date(texte) %}
case when {{ correspond(texte, '[0-9]{4}-[0-9]{2}-[0-9]{2}') }} then try_cast({{ texte }} as date) end
{% endmacro %}

{# Both trim spaces only; an empty cell is null to one reader of CSV and may be empty to the other. #}
{% macro texte(colonne) %}nullif(trim({{ colonne }}), ''){% endmacro %}
