-- Every line read is either a declaration of a counted building or set aside by a rule.
with lues as (select count(*) as n from {{ brut() }}),
gardees as (select sum(nb_declarations) as n from {{ ref('fait_immeubles') }}),
ecartees as (select coalesce(sum(nb_lignes), 0) as n from {{ ref('quarantaine_immeubles') }} where regle <> 'gardee')
select lues.n as nb_lues, gardees.n as nb_gardees, ecartees.n as nb_ecartees
from lues cross join gardees cross join ecartees
where lues.n <> gardees.n + ecartees.n
