-- A dropped building is neither deployed nor to be: it is counted in nb_immeubles alone. No building, no row.
select
    f.trimestre,
    f.code_commune,
    cast(sum(f.nb_immeubles) as bigint) as nb_immeubles,
    cast(sum(f.nb_immeubles * e.est_deploye) as bigint) as numerateur,
    cast(sum(f.nb_immeubles * e.est_prevu) as bigint) as denominateur,
    cast(sum(f.nb_immeubles * e.est_deploye) as double)
    / nullif(cast(sum(f.nb_immeubles * e.est_prevu) as double), 0) as part_deployee,
    cast(sum(f.nb_locaux_minimum * e.est_deploye) as bigint) as locaux_minimum_deployes,
    cast(sum(f.nb_locaux_minimum * e.est_prevu) as bigint) as locaux_minimum_prevus,
    cast(sum(f.nb_sans_taille) as bigint) as nb_sans_taille
from {{ ref('fait_immeubles') }} as f
inner join {{ ref('etats') }} as e on f.etat = e.etat
group by f.trimestre, f.code_commune
