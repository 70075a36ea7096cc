// One section an axis: its indicators beside comparable territories and France, with date and source.
import { commun, repere, source } from "./donnees.js";
import { ABSENTE, bouton_csv, date, el, mesure, nombre, rang, tableau } from "./formats.js";

export function axes(page, cadre) {
  const valeurs = new Map(page.ind.map((ligne) => [ligne.code, ligne]));
  return Object.entries(commun().axes).map(([code, axe]) => [code, axe.libelle, axe_section(page, code, valeurs, cadre)]);
}

function axe_section(page, code, valeurs, cadre) {
  const tous = Object.entries(commun().indicateurs).filter(([, indicateur]) => indicateur.code_axe === code);
  const connus = tous.filter(([nom]) => valeurs.has(nom));
  const absents = tous.filter(([nom]) => !valeurs.has(nom));
  const blocs = [];
  if (connus.length) {
    blocs.push(
      ...(page.niveau === "france" ? [] : [el("p", { class: "aide" }, "Position de ce territoire : à droite, la situation la plus favorable."), cadre((boite, g) => g.positions(boite, lignes_positions(connus, valeurs), commun().axes[code].libelle), "graphique", (innerWidth < 600 ? 34 : 24) * connus.length + 80)]),
      tableau(`${commun().axes[code].libelle} : indicateurs`, ["Indicateur", "Ici", "Semblables (médiane)", "France", "Rang parmi les semblables", "Date et source"], connus.map(([nom]) => ligne(page, nom, valeurs.get(nom))), "indicateurs"),
      bouton_csv(`${page.niveau}-${page.identite.code}-${code}`, CSV, () => connus.map(([nom]) => ligne_csv(page, nom, valeurs.get(nom)))),
    );
    const series = page.suivi.filter((s) => s.serie.length > 1 && commun().indicateurs[s.code].code_axe === code);
    if (series.length) {
      blocs.push(el("h3", {}, "Évolution"), cadre((boite, g) => g.evolutions(boite, series.map((s) => ({ ...s, titre: commun().indicateurs[s.code].libelle, unite: commun().indicateurs[s.code].unite }))), "evolutions", 210 * Math.ceil(series.length / (innerWidth < 700 ? 1 : 3))));
      blocs.push(tableau_series(page, code, series));
    }
  }
  if (absents.length) blocs.push(sans_donnee(page, absents));
  return blocs;
}

function lignes_positions(connus, valeurs) {
  return connus.flatMap(([nom, indicateur]) => {
    const v = valeurs.get(nom);
    return [
      { titre: indicateur.libelle, genre: "Parmi ses semblables", q: v.quantile_pairs },
      { titre: indicateur.libelle, genre: "En France, au même échelon", q: v.quantile_france },
    ].filter((point) => point.q !== null);
  });
}

function ligne(page, nom, v) {
  const indicateur = commun().indicateurs[nom];
  const s = source(nom);
  const r = repere(page.niveau, nom);
  const ici = v.secret ? "secret statistique" : mesure(v.valeur, indicateur.unite);
  const partiel = v.couverture !== null && v.couverture < 99.5 ? el("span", { class: "precision" }, ` observé pour ${nombre(v.couverture)} % des habitants`) : null;
  const france = repere("france", nom);
  return [
    [indicateur.libelle, el("details", { class: "definition" }, el("summary", {}, "Définition"), el("p", {}, indicateur.description), el("p", {}, calcul(indicateur, v)))],
    [ici, partiel],
    v.mediane_pairs === null ? (page.niveau === "france" ? "sans objet" : ABSENTE) : mesure(v.mediane_pairs, indicateur.unite),
    france ? mesure(france.mediane, indicateur.unite) : ABSENTE,
    v.rang_pairs === null ? "non comparé" : rang(v.rang_pairs, v.nb_pairs + 1),
    [date(r?.date), el("span", { class: "precision" }, ` ${s.producteur}${s.est_derive_tiers ? ", calcul d'un tiers" : ""}${s.est_perimee ? " ; source ancienne" : ""}`)],
  ];
}

function calcul(indicateur, v) {
  if (v.numerateur === null || v.denominateur === null) return "Valeur reprise de la source.";
  const fois = indicateur.facteur === 1 ? "" : `${nombre(indicateur.facteur)} × `;
  return `Calcul : ${fois}${nombre(v.numerateur)} (${indicateur.numerateur}) ÷ ${nombre(v.denominateur)} (${indicateur.denominateur}).`;
}

const CSV = ["code_indicateur", "libelle", "valeur", "unite", "numerateur", "denominateur", "couverture_population_pct", "est_secret", "mediane_semblables", "rang_semblables", "nb_semblables", "france", "date_donnees", "source", "licence"];

function ligne_csv(page, nom, v) {
  const indicateur = commun().indicateurs[nom];
  const s = source(nom);
  const france = repere("france", nom);
  return [nom, indicateur.libelle, v.valeur, indicateur.unite, v.numerateur, v.denominateur, v.couverture, v.secret ? "vrai" : "faux", v.mediane_pairs, v.rang_pairs, v.nb_pairs, france?.mediane, repere(page.niveau, nom)?.date, `${s.producteur}, ${s.titre}`, s.licence];
}

function tableau_series(page, code, series) {
  const points = series.flatMap((s) => s.serie.map(([jour, valeur]) => [s.code, commun().indicateurs[s.code].libelle, jour, valeur, commun().indicateurs[s.code].unite]));
  return el(
    "div",
    {},
    el("details", {}, el("summary", {}, "Les mêmes chiffres en tableau"), tableau(`Évolution : ${commun().axes[code].libelle}`, ["Indicateur", "Date", "Valeur"], points.map(([, titre, jour, valeur, unite]) => [titre, date(jour), mesure(valeur, unite)]))),
    bouton_csv(`${page.niveau}-${page.identite.code}-${code}-evolution`, ["code_indicateur", "libelle", "date", "valeur", "unite"], () => points),
  );
}

function sans_donnee(page, absents) {
  const raison = (nom, indicateur) => {
    if (indicateur.niveau_min !== "commune" && page.niveau === "commune") return `n'existe pas à la commune`;
    return commun().sources[indicateur.source]?.millesime_servi ? ABSENTE : "source jamais reçue";
  };
  return el("details", {}, el("summary", {}, `${absents.length} indicateur${absents.length > 1 ? "s" : ""} sans donnée ici`), el("ul", {}, absents.map(([nom, indicateur]) => el("li", {}, `${indicateur.libelle} : ${raison(nom, indicateur)}`))));
}
