-- Grain : une ligne par territoire du programme et par membre (commune).
{{ membres_programme('anct__action_coeur_de_ville', 'acv', dates=true) }}
