select trimestre, code_commune, code_operateur, etat, count(*) as n
from {{ ref('fait_immeubles') }}
group by trimestre, code_commune, code_operateur, etat
having count(*) > 1
