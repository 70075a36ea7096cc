-- Grain : une ligne par territoire du programme et par membre (commune).
{{ membres_programme('anct__cites_educatives', 'cite') }}
