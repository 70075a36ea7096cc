-- Grain : une ligne par territoire du programme et par membre (commune).
{{ membres_programme('anct__petites_villes_de_demain', 'pvd', dates=true) }}
