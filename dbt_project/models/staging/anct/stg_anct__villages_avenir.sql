-- Grain : une ligne par territoire du programme et par membre (commune).
{{ membres_programme('anct__villages_avenir', 'va') }}
