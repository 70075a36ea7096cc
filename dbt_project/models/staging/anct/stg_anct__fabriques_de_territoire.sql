-- Grain : une ligne par fabrique de territoire et par millésime.
{{ tiers_lieux_par_commune('anct__fabriques_de_territoire', 'id_fabrique') }}
