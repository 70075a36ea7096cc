-- Codes that exist: communes, and municipal arrondissements where the list has them. Delegated communes are left out.
select distinct {{ texte('COM') }} as code_commune
from {{ communes_lues() }}
where {{ texte('COM') }} is not null and {{ texte('TYPECOM') }} in ('COM', 'ARM')
