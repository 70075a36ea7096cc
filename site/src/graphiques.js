// Charts and maps, by Observable Plot. Colours: one-hue blues and Okabe and Ito's, distinct for colour-blind people.
import * as Plot from "@observablehq/plot";
import { el, mesure, nombre } from "./formats.js";

const BLEUS = ["#dce9f6", "#a9cbe6", "#66a3d2", "#2b74b1", "#0b3d73"];
const ACTIONS = { maintenir: "#7f7f7f", guichet_partage: "#56b4e9", itinerance: "#e69f00", implanter: "#d55e00", dematerialiser_avec_mediation: "#009e73", dematerialiser: "#cc79a7", a_instruire: "#f0e442" };
const STYLE = { fontFamily: "inherit", fontSize: "13px", overflow: "visible" };
const mois = new Intl.DateTimeFormat("fr-FR", { month: "short", year: "numeric", timeZone: "UTC" });
const largeur = (boite) => Math.max(280, Math.min(boite.clientWidth || 720, 1100));
const hachures = () => {
  const ns = "http://www.w3.org/2000/svg";
  const motif = document.createElementNS(ns, "pattern");
  for (const [nom, valeur] of Object.entries({ id: "hachures", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" })) motif.setAttribute(nom, valeur);
  for (const [w, fond] of [[6, "#fff"], [2, "#8a8a8a"]]) {
    const trait = document.createElementNS(ns, "rect");
    for (const [nom, valeur] of Object.entries({ width: w, height: 6, fill: fond })) trait.setAttribute(nom, valeur);
    motif.append(trait);
  }
  const defs = document.createElementNS(ns, "defs");
  defs.append(motif);
  return defs;
};

// The drawing is one image with one name; Plot also names its groups, which assistive tools do not allow there.
function nommer(figure, titre) {
  const dessin = figure.tagName.toLowerCase() === "svg" ? figure : [...figure.querySelectorAll(":scope > svg")].pop();
  dessin.setAttribute("role", "img");
  dessin.setAttribute("aria-label", titre);
  for (const groupe of dessin.querySelectorAll("g[aria-label]")) {
    groupe.dataset.marque = groupe.getAttribute("aria-label");
    groupe.removeAttribute("aria-label");
  }
}

function poser(boite, figure, titre) {
  nommer(figure, titre);
  boite.replaceChildren(figure);
}

function couper(texte, maximum) {
  return texte.length > maximum ? `${texte.slice(0, maximum - 1)}…` : texte;
}

function positions(boite, points, titre) {
  if (!points.length) return boite.replaceChildren();
  const etroit = largeur(boite) < 560;
  const titres = [...new Set(points.map((p) => p.titre))];
  const figure = Plot.plot({
    width: largeur(boite),
    height: 46 + (etroit ? 34 : 24) * titres.length,
    marginLeft: etroit ? 12 : 330,
    marginRight: etroit ? 14 : 60,
    marginTop: 30,
    style: STYLE,
    x: { domain: [0, 100], label: null, axis: "top", ticks: [0, 50, 100], tickFormat: (v) => ({ 0: etroit ? "−" : "la moins favorable", 50: "milieu", 100: etroit ? "+" : "la plus favorable" })[v] },
    y: { domain: titres, label: null, axis: etroit ? null : "left", tickFormat: (t) => couper(t, 50), tickSize: 0, padding: etroit ? 0.6 : 0.3 },
    color: { domain: ["Parmi ses semblables", "En France, au même échelon"], range: ["#0b5cad", "#a34700"] },
    symbol: { domain: ["Parmi ses semblables", "En France, au même échelon"], range: ["circle", "diamond"], legend: true },
    marks: [
      Plot.ruleY(titres, { y: (d) => d, x1: 0, x2: 100, stroke: "#d0d5dd" }),
      Plot.ruleX([50], { stroke: "#98a2b3", strokeDasharray: "3,3" }),
      etroit ? Plot.text(titres, { x: 0, y: (d) => d, text: (d) => couper(d, 52), textAnchor: "start", dy: -13, fontSize: 12 }) : null,
      Plot.dot(points, { x: (d) => 100 * d.q, y: "titre", stroke: "genre", fill: "genre", symbol: "genre", r: 5, title: (d) => `${d.titre}\n${d.genre} : fait mieux que ${nombre(100 * d.q)} % des territoires` }),
    ],
  });
  poser(boite, figure, `${titre} : position du territoire pour ${titres.length} indicateurs, parmi ses semblables et en France. Les chiffres sont dans le tableau qui suit.`);
}

function evolutions(boite, series) {
  boite.replaceChildren(
    ...series.map((s) => {
      const points = s.serie.map(([jour, valeur]) => ({ jour: new Date(jour), valeur }));
      const cible = s.cible !== null ? [{ cible: s.cible }] : [];
      const prevue = s.prevision !== null ? [{ jour: new Date(s.prevision_date), valeur: s.prevision, bas: s.prevision_basse, haut: s.prevision_haute }] : [];
      const figure = Plot.plot({
        width: Math.min(340, largeur(boite)),
        height: 170,
        marginLeft: 50,
        marginRight: 16,
        style: STYLE,
        x: { type: "utc", label: null, nice: true, ticks: 3, tickFormat: (d) => mois.format(d) },
        y: { label: null, ticks: 4, grid: true, nice: true, tickFormat: (v) => nombre(v) },
        marks: [
          Plot.ruleY(cible, { y: "cible", stroke: "#a34700", strokeDasharray: "5,3" }),
          Plot.text(cible, { y: "cible", text: () => "cible", frameAnchor: "left", dx: 2, dy: -7, textAnchor: "start", fill: "#a34700" }),
          Plot.ruleX(prevue, { x: "jour", y1: "bas", y2: "haut", stroke: "#667085", strokeWidth: 5, strokeOpacity: 0.4 }),
          Plot.dot(prevue, { x: "jour", y: "valeur", stroke: "#667085", r: 4, title: (d) => `prévision : ${mesure(d.valeur, s.unite)}` }),
          Plot.lineY(points, { x: "jour", y: "valeur", stroke: "#0b5cad", strokeWidth: 2 }),
          Plot.dot(points, { x: "jour", y: "valeur", fill: "#0b5cad", r: 3.5, title: (d) => `${d.jour.toLocaleDateString("fr-FR")} : ${mesure(d.valeur, s.unite)}` }),
        ],
      });
      const cadre = el("figure", {}, el("figcaption", {}, `${s.titre} (${s.unite})`));
      const hote = el("div");
      cadre.append(hote);
      poser(hote, figure, `${s.titre} : de ${mesure(points[0].valeur, s.unite)} à ${mesure(points[points.length - 1].valeur, s.unite)}.`);
      return cadre;
    }),
  );
}

function comptes(boite, points) {
  const etroit = largeur(boite) < 560;
  const titres = [...new Set(points.map((p) => p.titre))];
  const libelles = [...new Map(points.map((p) => [p.action, p.libelle]))];
  const figure = Plot.plot({
    width: largeur(boite),
    height: 40 + 26 * titres.length,
    marginLeft: etroit ? 130 : 240,
    marginRight: 14,
    style: STYLE,
    x: { label: "communes", tickFormat: (v) => nombre(v) },
    y: { domain: titres, label: null, tickSize: 0, tickFormat: (t) => couper(t, etroit ? 18 : 36) },
    color: { domain: libelles.map(([, l]) => l), range: libelles.map(([action]) => ACTIONS[action] || "#333"), legend: true },
    marks: [Plot.barX(points, { x: "nb", y: "titre", fill: "libelle", stroke: "#fff", order: libelles.map(([, l]) => l), title: (d) => `${d.titre}\n${d.libelle} : ${nombre(d.nb)} communes, ${nombre(d.population)} habitants` }), Plot.ruleX([0])],
  });
  poser(boite, figure, "Communes par recommandation, pour chaque service. Les chiffres sont dans le tableau qui suit.");
}

function frontiere(boite, points, n, total, seuil) {
  const part = (d) => (100 * d.couverte) / total;
  const figure = Plot.plot({
    width: Math.min(720, largeur(boite)),
    height: 260,
    marginLeft: 56,
    style: STYLE,
    x: { label: "lieux ouverts en plus", ticks: Math.min(points.length, 10), tickFormat: (v) => (Number.isInteger(v) ? nombre(v) : "") },
    y: { label: `% des habitants à moins de ${nombre(seuil)} min`, grid: true, nice: true, tickFormat: (v) => nombre(v) },
    marks: [
      Plot.areaY(points.slice(1), { x: "rang", y1: part, y2: (d) => (100 * d.borne) / total, fill: "#98a2b3", fillOpacity: 0.35 }),
      Plot.lineY(points, { x: "rang", y: part, stroke: "#0b5cad", strokeWidth: 2 }),
      Plot.dot(points, { x: "rang", y: part, fill: (d) => (d.rang <= n ? "#0b5cad" : "#fff"), stroke: "#0b5cad", r: 3.5 }),
      Plot.dot(points.slice(n, n + 1), { x: "rang", y: part, fill: "#d55e00", r: 7 }),
    ],
  });
  poser(boite, figure, `Part des habitants à moins de ${seuil} minutes selon le nombre de lieux ouverts en plus, de 0 à ${points.length - 1}.`);
}

function classes(valeurs) {
  const triees = valeurs.filter((v) => v !== null).sort((x, y) => x - y);
  if (!triees.length) return [];
  const distinctes = [...new Set(triees)];
  if (distinctes.length <= BLEUS.length) return distinctes.slice(1);
  const zeros = triees.filter((v) => v === triees[0]).length / triees.length >= 0.2;
  const reste = zeros ? distinctes.slice(1) : distinctes; // a value that many share is a class of its own
  const parts = zeros ? [0, 0.25, 0.5, 0.75] : [0.2, 0.4, 0.6, 0.8];
  return [...new Set(parts.map((q) => reste[Math.floor(q * reste.length)]))];
}

function legende(bornes, valeurs, unite) {
  const connues = valeurs.filter((v) => v !== null);
  const couleurs = teintes(bornes.length + 1);
  const limites = connues.length ? [Math.min(...connues), ...bornes, Math.max(...connues)] : [];
  const lignes = couleurs.slice(0, Math.max(0, limites.length - 1)).map((couleur, k) => el("li", {}, el("span", { class: "teinte", style: `background:${couleur}` }), limites[k] === limites[k + 1] || connues.every((v) => v < limites[k] || v >= limites[k + 1] || v === limites[k]) ? nombre(limites[k]) : `de ${nombre(limites[k])} à ${nombre(limites[k + 1])}`));
  const absente = valeurs.includes(null) ? [el("li", {}, el("span", { class: "teinte hachuree" }), "donnée absente")] : [];
  return el("ul", { class: "legende", "aria-label": `Légende (${unite})` }, el("li", { class: "unite" }, unite), ...lignes, ...absente);
}

const teintes = (n) => (n >= 5 ? BLEUS : n === 1 ? [BLEUS[2]] : n === 2 ? [BLEUS[1], BLEUS[3]] : n === 3 ? [BLEUS[0], BLEUS[2], BLEUS[4]] : [BLEUS[0], BLEUS[1], BLEUS[3], BLEUS[4]]);
const OUTRE_MER = ["971", "972", "973", "974", "976"];

function carte(boite, { formes, lieux, titre, unite, surligne, ouvrir, france }) {
  const valeurs = formes.map((f) => f.properties.valeur);
  const bornes = classes([...valeurs]);
  const couleur = bornes.length ? { type: "threshold", domain: bornes, range: teintes(bornes.length + 1), unknown: "url(#hachures)" } : { type: "ordinal", range: [BLEUS[2]], unknown: "url(#hachures)" };
  const morceaux = france ? [formes.filter((f) => !OUTRE_MER.includes(f.id)), ...OUTRE_MER.map((dep) => formes.filter((f) => f.id === dep))].filter((m) => m.length) : [formes];
  const figures = morceaux.map((siennes, k) => dessiner_carte(boite, { siennes, lieux, titre, unite, surligne, ouvrir, couleur, largeur: france && k ? 110 : Math.min(largeur(boite), 760), encart: france && k > 0 }));
  boite.replaceChildren(legende(bornes, valeurs, unite), el("div", { class: "cartes" }, ...figures));
}

function dessiner_carte(boite, { siennes, lieux, titre, unite, surligne, ouvrir, couleur, largeur: large, encart }) {
  const domaine = { type: "FeatureCollection", features: siennes };
  const texte = (f) => `${f.properties.nom || f.id} : ${mesure(f.properties.valeur, unite)}`;
  const figure = Plot.plot({
    width: large,
    height: encart ? 110 : Math.round(large * 0.82),
    margin: 4,
    style: STYLE,
    projection: { type: "mercator", domain: domaine, inset: 4 },
    color: couleur,
    marks: [
      () => hachures(),
      Plot.geo(siennes, { fill: (f) => f.properties.valeur, stroke: "#475467", strokeWidth: siennes.length > 800 ? 0.2 : 0.6 }),
      surligne ? Plot.geo(siennes.filter((f) => f.id === surligne), { stroke: "#d55e00", strokeWidth: 3.5, fill: "none" }) : null,
      Plot.dot(encart ? [] : lieux, { x: "longitude", y: "latitude", fill: "#d55e00", stroke: "#fff", strokeWidth: 1.2, r: siennes.length > 800 ? 2.2 : 4.2, title: (l) => `${l.nom || "sans nom"}\n${l.adresse || ""}` }),
      Plot.tip(siennes, Plot.pointer(Plot.geoCentroid({ title: texte }))),
    ],
  });
  nommer(figure, `Carte : ${titre}. Les valeurs sont dans le tableau sous la carte.`);
  figure.addEventListener("click", () => figure.value && ouvrir(figure.value.id));
  return figure;
}

window.GRAPHIQUES = { positions, evolutions, comptes, frontiere, carte };
