// The page's own data (rows are arrays, named here) and the shared catalogue.
const nommer = (noms) => (ligne) => Object.fromEntries(noms.map((nom, k) => [nom, ligne[k]]));
const COLONNES = {
  ind: ["code", "valeur", "numerateur", "denominateur", "couverture", "secret", "rang_pairs", "nb_pairs", "quantile_pairs", "mediane_pairs", "rang_france", "nb_france", "quantile_france"],
  enjeux: ["action", "rang", "score", "indicateur", "gravite", "ecart_cible", "population", "raison"],
  suivi: ["code", "etat", "motif", "cible", "cible_date", "cible_origine", "pente", "prevision_date", "prevision", "prevision_basse", "prevision_haute", "serie"],
  decisions: ["service", "action", "score", "bas", "haut", "stabilite", "raisons", "bascule", "manquantes", "rang_plan", "gagnee", "temps", "temps_bas", "temps_haut", "proche"],
  comptes: ["service", "action", "nb", "population"],
  implantations: ["service", "commune", "nom", "rang_plan", "gagnee", "stabilite", "raisons"],
  frontieres: ["service", "rang", "commune", "nom", "gagnee", "couverte", "borne"],
  fermetures: ["service", "id", "nom", "nom_commune", "commune", "rattachee", "au_dela", "minutes"],
  actions: ["intitule", "action", "pilote", "etat", "debut", "fin_prevue", "fin_reelle", "budget", "engage", "depense", "avancement", "financeurs", "retard"],
  objectifs: ["indicateur", "date", "valeur", "unite", "origine"],
  priorites: ["action", "poids", "ecartee", "motif"],
  compteurs: ["nom", "valeur", "unite", "evolution", "date"],
  gouvernance: ["instance", "college", "organisme", "fonction"],
  partenaires: ["nom", "type", "action", "objet", "etat", "debut", "fin", "montant"],
};
const IDENTITE = ["code", "population", "nb_communes", "sans_population", "superficie", "densite_niveau", "ruralite", "densite", "part_65", "niveau_vie", "singulier", "fragilite", "rang_median", "rang_bas", "rang_haut", "nb_classees", "part_cinquieme"];

export function lire() {
  const brut = JSON.parse(document.getElementById("donnees").textContent);
  const page = { ...brut, identite: nommer(IDENTITE)(brut.identite) };
  for (const [nom, colonnes] of Object.entries(COLONNES)) page[nom] = (brut[nom] || []).map(nommer(colonnes));
  return page;
}

export const commun = () => window.COMMUN;

export function repere(niveau, code) {
  const ligne = (commun().reperes[niveau] || {})[code];
  return ligne && { millesime: ligne[0], date: ligne[1], minimum: ligne[2], q1: ligne[3], mediane: ligne[4], q3: ligne[5], maximum: ligne[6], nb: ligne[7] };
}

export function source(code) {
  const indicateur = commun().indicateurs[code];
  return commun().sources[indicateur.source];
}
