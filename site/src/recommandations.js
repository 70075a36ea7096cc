// What is recommended for each public service, why, how sure it is, and what would change it.
import { commun } from "./donnees.js";
import { a, bouton_csv, el, habitants, majuscule, nombre, tableau } from "./formats.js";

const libelle = (action) => commun().actions_services[action]?.libelle_action ?? action;
const pourcent = (part) => (part === null ? "non calculée" : `${nombre(100 * part)} %`);

export function recommandations(page, cadre) {
  if (page.niveau === "commune") return commune(page);
  return page.comptes.length ? territoire(page, cadre) : [el("p", {}, "Aucune recommandation n'est publiée pour ce territoire.")];
}

function commune(page) {
  const cartes = page.decisions.map((d) => {
    const service = commun().services[d.service];
    return el(
      "article",
      { class: `decision ${d.action}` },
      el("h3", {}, service.libelle),
      el("p", { class: "action" }, majuscule(libelle(d.action))),
      el("ul", {}, d.raisons.map((raison) => el("li", {}, raison))),
      d.manquantes.length ? el("p", { class: "precision" }, `Données qui manquent : ${d.manquantes.join(", ")}.`) : null,
      el(
        "details",
        {},
        el("summary", {}, "À quel point est-ce sûr ?"),
        el("p", {}, `Priorité ${d.score === null ? "inconnue" : nombre(d.score)} sur 1, entre ${nombre(d.bas)} et ${nombre(d.haut)} selon les données qui manquent. Stabilité : ${pourcent(d.stabilite)} des tirages donnent la même réponse.`),
        d.temps === null ? null : el("p", {}, `Lieu le plus proche${d.proche ? ` : ${d.proche}` : ""}, à ${nombre(d.temps)} min (de ${nombre(d.temps_bas)} à ${nombre(d.temps_haut)} selon la vitesse supposée ; seuil ${nombre(service.seuil_min)} min).`),
        el("p", {}, d.bascule ? `Ce qui la changerait : ${d.bascule}` : "Aucun petit changement d'une seule donnée ne la changerait."),
      ),
    );
  });
  return [
    el("div", { class: "decisions" }, cartes),
    bouton_csv(`commune-${page.identite.code}-recommandations`, ["service", "action", "raisons", "priorite", "priorite_basse", "priorite_haute", "stabilite", "bascule", "temps_min", "donnees_manquantes"], () =>
      page.decisions.map((d) => [d.service, d.action, d.raisons.join(" "), d.score, d.bas, d.haut, d.stabilite, d.bascule, d.temps, d.manquantes.join(", ")]),
    ),
  ];
}

function territoire(page, cadre) {
  const points = page.comptes.map((c) => ({ ...c, titre: commun().services[c.service].libelle, libelle: libelle(c.action) }));
  const blocs = [
    el("p", { class: "aide" }, "Nombre de communes du territoire par recommandation, pour chaque service. Le détail et les raisons sont sur la page de chaque commune."),
    cadre((boite, g) => g.comptes(boite, points), "graphique", 70 + 26 * new Set(page.comptes.map((c) => c.service)).size),
    el("details", {}, el("summary", {}, "Les mêmes chiffres en tableau"), tableau("Recommandations par service", ["Service", "Recommandation", "Communes", "Habitants"], points.map((c) => [c.titre, c.libelle, nombre(c.nb), nombre(c.population)]))),
    bouton_csv(`${page.niveau}-${page.identite.code}-recommandations`, ["service", "action", "nb_communes", "population"], () => page.comptes.map((c) => [c.service, c.action, c.nb, c.population])),
  ];
  if (page.implantations.length) {
    blocs.push(
      el("h3", {}, "Où ouvrir d'abord"),
      el(
        "ol",
        { class: "implantations" },
        page.implantations.map((i) =>
          el("li", {}, a(`commune:${i.commune}`, i.nom), ` : ${commun().services[i.service].libelle}. `, el("span", {}, i.raisons.join(" ")), el("span", { class: "precision" }, ` ${habitants(i.gagnee)} gagnés ; stabilité ${pourcent(i.stabilite)}.`)),
        ),
      ),
    );
  }
  return blocs;
}
