select
    trimestre,
    code_commune,
    code_operateur,
    etat,
    count(*) as nb_immeubles,
    cast(sum(nb_declarations) as bigint) as nb_declarations,
    cast(sum(locaux_minimum) as bigint) as nb_locaux_minimum,
    count(*) - count(locaux_minimum) as nb_sans_taille
from {{ ref('immeubles_uniques') }}
group by trimestre, code_commune, code_operateur, etat
