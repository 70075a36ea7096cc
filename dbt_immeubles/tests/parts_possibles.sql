select * from {{ ref('deploiement_communes') }}
where numerateur > denominateur or denominateur > nb_immeubles or part_deployee not between 0 and 1
