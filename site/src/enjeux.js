// The priority stakes, with their reason in words.
import { commun } from "./donnees.js";
import { el, habitants } from "./formats.js";

const PREMIERS = 5;

export function enjeux(page) {
  if (!page.enjeux.length) return [el("p", {}, "Aucun enjeu ne peut être calculé pour ce territoire : il n'a pas de semblables, ou trop peu de données.")];
  const rangs = new Map(page.ind.map((v) => [v.code, v.rang_pairs]));
  const calme = (enjeu) => rangs.get(enjeu.indicateur) === 1 && !(enjeu.ecart_cible > 0);
  const presse = page.enjeux.filter((enjeu) => !calme(enjeu));
  const suite = presse.slice(PREMIERS);
  const bons = page.enjeux.filter(calme);
  return [
    el("p", { class: "aide" }, "Les actions de la feuille de route, de la plus pressante à la moins pressante pour ce territoire."),
    el("ol", { class: "enjeux" }, presse.slice(0, PREMIERS).map(point)),
    suite.length ? el("details", {}, el("summary", {}, suite.length > 1 ? `Les ${suite.length} actions suivantes` : "L'action suivante"), el("ol", { class: "enjeux", start: PREMIERS + 1 }, suite.map(point))) : null,
    bons.length ? el("details", {}, el("summary", {}, `${bons.length} action${bons.length > 1 ? "s" : ""} où le territoire est au niveau des meilleurs de ses semblables`), el("ul", { class: "enjeux" }, bons.map(point))) : null,
  ].filter(Boolean);
}

function point(enjeu) {
  const action = commun().actions[enjeu.action];
  return el(
    "li",
    {},
    el("strong", {}, action.libelle),
    el("p", {}, enjeu.raison),
    el("p", { class: "precision" }, `Axe : ${commun().axes[action.code_axe].libelle}.`, enjeu.population ? ` ${habitants(enjeu.population)} concernés, d'après cette part.` : ""),
  );
}
