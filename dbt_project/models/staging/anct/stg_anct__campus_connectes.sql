-- Grain : une ligne par territoire du programme et par membre (commune).
{{ membres_programme('anct__campus_connectes', 'cde') }}
