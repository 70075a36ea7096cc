-- One row a building and quarter: its latest state, then the most advanced; the order is total, so engines agree.
with declares as (
    select
        *,
        row_number() over (
            partition by trimestre, imb_id
            order by
                complet_le desc nulls last, rang desc, code_operateur asc, code_commune asc,
                locaux_minimum desc nulls last
        ) as place,
        count(*) over (partition by trimestre, imb_id) as nb_declarations
    from {{ ref('immeubles_types') }}
    where regle is null
)

select trimestre, imb_id, code_commune, code_operateur, etat, locaux_minimum, nb_declarations
from declares
where place = 1
