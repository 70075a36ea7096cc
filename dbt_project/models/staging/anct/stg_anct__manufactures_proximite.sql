-- Grain : une ligne par manufacture de proximité et par millésime.
{{ tiers_lieux_par_commune('anct__manufactures_proximite', 'id_manufacture') }}
