// The territory's own plan (its files) and the follow-up of indicators against their targets.
import { commun } from "./donnees.js";
import { bouton_csv, date, el, euros, mesure, nombre, tableau } from "./formats.js";

const ETATS = { "en bonne voie": "✓", "en retard": "▲", "s'éloigne": "▼", "non mesurable": "·" };

// The codes of the territory's files, in words; a code that is new is shown without its underscores.
const MOTS = {
  a_etudier: "à étudier", decidee: "décidée", terminee: "terminée", abandonnee: "abandonnée", pressenti: "pressenti", signe: "signé", termine: "terminé",
  etat: "État", elus: "élus", acteurs_economiques_sociaux: "acteurs économiques et sociaux", collectivite: "collectivité", operateur_public: "opérateur public", recherche_enseignement: "recherche et enseignement",
};
const mot = (code) => (code ? MOTS[code] || code.replaceAll("_", " ") : "");

export function plan(page) {
  return [...actions(page), ...suivi(page), ...autres(page)];
}

function actions(page) {
  if (!page.actions.length) {
    return [el("p", {}, "Le territoire n'a pas encore déposé son plan d'actions. Il se donne par des fichiers simples, dont les modèles sont fournis.")];
  }
  const periode = (x) => [x.debut && `du ${date(x.debut)}`, x.fin_prevue && `au ${date(x.fin_prevue)}`].filter(Boolean).join(" ");
  return [
    el("h3", {}, "Le plan d'actions"),
    tableau(
      "Plan d'actions du territoire",
      ["Action", "Ligne de la feuille de route", "Pilote", "État", "Avancement", "Budget prévu", "Dépensé", "Calendrier"],
      page.actions.map((x) => [x.intitule, commun().actions[x.action]?.libelle ?? "", x.pilote, x.retard ? `${mot(x.etat)} (en retard)` : mot(x.etat), x.avancement === null ? "" : `${nombre(x.avancement)} %`, euros(x.budget), euros(x.depense), periode(x)]),
    ),
  ];
}

function suivi(page) {
  const suivis = page.suivi.filter((s) => s.etat !== "non mesurable");
  const reste = page.suivi.length - suivis.length;
  if (!suivis.length) return [el("p", {}, `Aucun indicateur n'a à la fois une cible ou une tendance et assez de dates pour être suivi${reste ? ` (${reste} non mesurables)` : ""}.`)];
  const lignes = suivis.map((s) => {
    const { libelle, unite } = commun().indicateurs[s.code];
    const derniere = s.serie[s.serie.length - 1];
    const cible = s.cible === null ? "" : `${mesure(s.cible, unite)}${s.cible_date ? ` au ${date(s.cible_date)}` : ""}`;
    const prevision = s.prevision === null ? "" : `${mesure(s.prevision, unite)} au ${date(s.prevision_date)} (entre ${nombre(s.prevision_basse)} et ${nombre(s.prevision_haute)})`;
    return [libelle, el("span", { class: `etat ${s.etat.split(" ").pop()}` }, `${ETATS[s.etat]} ${s.etat}`), derniere ? `${mesure(derniere[1], unite)} au ${date(derniere[0])}` : "", [cible, s.cible_origine ? el("span", { class: "precision" }, ` ${s.cible_origine}`) : null], prevision, s.motif];
  });
  return [
    el("h3", {}, "Le suivi"),
    tableau("Suivi des indicateurs", ["Indicateur", "État", "Dernière valeur", "Cible", "Prévision", "Pourquoi"], lignes),
    reste ? el("p", { class: "precision" }, `${reste} autres indicateurs ne sont pas mesurables dans le temps.`) : null,
    bouton_csv(`${page.niveau}-${page.identite.code}-suivi`, ["code_indicateur", "etat", "motif", "cible", "cible_date", "pente_par_an", "prevision", "prevision_date"], () => page.suivi.map((s) => [s.code, s.etat, s.motif, s.cible, s.cible_date, s.pente, s.prevision, s.prevision_date])),
  ].filter(Boolean);
}

function autres(page) {
  const blocs = [];
  const ajouter = (titre, colonnes, lignes) => lignes.length && blocs.push(el("h3", {}, titre), tableau(titre, colonnes, lignes));
  ajouter("Objectifs du territoire", ["Indicateur", "Cible", "Date", "Origine"], page.objectifs.map((o) => [commun().indicateurs[o.indicateur]?.libelle ?? o.indicateur, mesure(o.valeur, o.unite), date(o.date), o.origine]));
  ajouter("Priorités du territoire", ["Action", "Poids", "Motif"], page.priorites.map((p) => [commun().actions[p.action]?.libelle ?? p.action, p.ecartee ? "écartée" : nombre(p.poids), p.motif]));
  ajouter("Compteurs du territoire", ["Compteur", "Valeur", "Évolution", "Date"], page.compteurs.map((c) => [c.nom, mesure(c.valeur, c.unite), c.evolution === null ? "" : nombre(c.evolution), date(c.date)]));
  ajouter("Gouvernance", ["Instance", "Collège", "Organisme", "Fonction"], page.gouvernance.map((g) => [g.instance, mot(g.college), g.organisme, g.fonction]));
  ajouter("Partenaires", ["Partenaire", "Type", "Action", "Objet", "Montant"], page.partenaires.map((p) => [p.nom, mot(p.type), commun().actions[p.action]?.libelle ?? "", p.objet, euros(p.montant)]));
  return blocs;
}
