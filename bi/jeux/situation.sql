SELECT DISTINCT ON (x.cle_territoire)
  x.cle_territoire,
  CASE x.niveau
    WHEN 'commune' THEN 'Commune' WHEN 'epci' THEN 'Intercommunalité' WHEN 'bassin_vie' THEN 'Bassin de vie'
    WHEN 'crte' THEN 'CRTE' WHEN 'departement' THEN 'Département' WHEN 'region' THEN 'Région'
    WHEN 'france' THEN 'France' ELSE 'Territoire défini ici'
  END AS echelon,
  CASE WHEN x.niveau <> 'france' THEN r.nom_territoire END AS region,
  CASE WHEN x.niveau NOT IN ('france', 'region') THEN d.nom_territoire END AS departement,
  CASE WHEN x.niveau IN ('commune', 'epci') THEN e.nom_territoire END AS epci,
  CASE WHEN x.niveau NOT IN ('france', 'region') THEN 'FR-' || x.code_departement END AS code_iso
FROM (
  SELECT p.cle_territoire, p.niveau, c.code_departement, MIN(c.code_region) AS code_region,
    MIN(c.siren_epci) AS siren_epci, SUM(c.population) AS population
  FROM commun.pont_communes_territoires AS p
  INNER JOIN commun.dim_communes AS c ON c.code_commune = p.code_commune AND c.est_actuelle
  GROUP BY p.cle_territoire, p.niveau, c.code_departement
) AS x
LEFT JOIN commun.dim_territoires AS r ON r.cle_territoire = 'region:' || x.code_region
LEFT JOIN commun.dim_territoires AS d ON d.cle_territoire = 'departement:' || x.code_departement
LEFT JOIN commun.dim_territoires AS e ON e.cle_territoire = 'epci:' || x.siren_epci
ORDER BY x.cle_territoire, x.population DESC NULLS LAST, x.code_departement
