-- Lines read, by what became of them: kept, or set aside by one rule.
select trimestre, coalesce(regle, 'gardee') as regle, count(*) as nb_lignes
from {{ ref('immeubles_types') }}
group by trimestre, coalesce(regle, 'gardee')
