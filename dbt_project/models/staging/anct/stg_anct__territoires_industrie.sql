-- Grain : une ligne par territoire du programme et par membre (intercommunalité).
{{ membres_programme('anct__territoires_industrie', 'ti') }}
