// A territory's page, section by section; charts and maps come after the text, when the page has been read.
import { commun, lire } from "./donnees.js";
import { axes } from "./axes.js";
import { carte } from "./carte.js";
import { essais } from "./essais.js";
import { a, charger, date, el, habitants, nombre } from "./formats.js";
import { enjeux } from "./enjeux.js";
import { plan } from "./plan.js";
import { recommandations } from "./recommandations.js";
import { installer } from "./recherche.js";

installer();
const page = lire();

function identite() {
  const i = page.identite;
  const [libelle] = commun().niveaux[page.niveau];
  const lignes = [
    ["Population", i.sans_population ? `${habitants(i.population)} (${nombre(i.sans_population)} communes sans population connue)` : habitants(i.population)],
    page.niveau !== "commune" && ["Communes", nombre(i.nb_communes)],
    ["Superficie", i.superficie === null ? null : `${nombre(i.superficie)} km²`],
    ["Densité", i.densite === null ? null : `${nombre(i.densite)} habitants par km²`],
    ["65 ans et plus", i.part_65 === null ? null : `${nombre(i.part_65)} % des 15 ans et plus`],
    ["Niveau de vie médian", i.niveau_vie === null ? null : `${nombre(i.niveau_vie)} € par an`],
    ["Type de commune", i.ruralite?.startsWith("Hors champ") ? null : i.ruralite],
    page.niveau === "commune" &&
      i.fragilite !== null && [
        "Fragilité numérique",
        `${nombre(i.fragilite)} sur 100 ; ${nombre(i.rang_median)}e commune la plus fragile sur ${nombre(i.nb_classees)} (entre la ${nombre(i.rang_bas)}e et la ${nombre(i.rang_haut)}e selon les poids retenus)`,
      ],
    i.part_cinquieme !== null && ["Fragilité numérique", `${nombre(i.part_cinquieme)} % des habitants vivent dans le cinquième des communes les plus fragiles de France`],
  ].filter((ligne) => ligne && ligne[1] !== null && ligne[1] !== undefined);
  const parents = page.parents.filter(([cle]) => cle !== "france:FR" || page.niveau !== "france");
  return el(
    "section",
    { "aria-labelledby": "t-identite", class: "identite" },
    el("h2", { id: "t-identite" }, `${libelle} : en bref`),
    el("dl", {}, lignes.map(([titre, texte]) => el("div", {}, el("dt", {}, titre), el("dd", {}, texte)))),
    parents.length ? el("p", {}, "Fait partie de : ", ...liste(parents.map(([cle, nom]) => a(cle, cle === "france:FR" ? "France" : `${nom} (${echelon(cle)})`))), ".") : null,
    page.pairs.length
      ? el(
          "details",
          {},
          el("summary", {}, `Comparé à ${page.pairs.length} ${commun().niveaux[page.niveau][1]} qui lui ressemblent`),
          el("p", {}, ...liste(page.pairs.map(([cle, nom]) => a(cle, nom))), "."),
          i.singulier ? el("p", {}, "Ce territoire est singulier : ses semblables lui ressemblent moins qu'ailleurs. Comparer avec prudence.") : null,
        )
      : null,
  );
}

const echelon = (cle) => (cle.startsWith("crte:") ? "CRTE" : commun().niveaux[cle.split(":")[0]][0].toLowerCase());
const liste = (liens) => liens.flatMap((lien, k) => (k ? [", ", lien] : [lien]));

function sommaire(sections) {
  const points = sections.map(([id, titre]) => el("li", {}, el("a", { href: `#${id}` }, titre)));
  return el("nav", { class: "sommaire", "aria-label": "Sections de la page" }, el("ul", {}, points));
}

async function dessiner(dessins) {
  try {
    await charger("graphiques.js");
  } catch {
    for (const [boite] of dessins) boite.replaceChildren(el("p", {}, "Graphique indisponible : le fichier graphiques.js manque. Le tableau dit les mêmes chiffres."));
    return;
  }
  for (const [boite, dessin] of dessins) {
    boite.removeAttribute("aria-busy");
    await dessin(boite, window.GRAPHIQUES);
  }
  document.body.dataset.pret = "oui";
}

const dessins = [];
// The room of a chart is kept before it comes, so that the text below does not jump.
const cadre = (dessin, classe = "graphique", hauteur = 0) => {
  const boite = el("div", { class: classe, "aria-busy": "true" });
  if (hauteur) boite.style.minHeight = `${hauteur}px`;
  dessins.push([boite, dessin]);
  return boite;
};
const parties = [
  ["enjeux", "Ce qui presse", enjeux(page)],
  ["carte", "Carte", carte(page, cadre)],
  ...axes(page, cadre),
  ["recommandations", "Recommandations", recommandations(page, cadre)],
  ["et-si", "Et si… ?", essais(page, cadre)],
  ["plan", "Plan et suivi", plan(page, cadre)],
].filter(([, , contenu]) => contenu);

document.getElementById("page").append(
  identite(),
  sommaire(parties),
  ...parties.map(([id, titre, contenu]) => el("section", { id, "aria-labelledby": `t-${id}` }, el("h2", { id: `t-${id}` }, titre), ...[contenu].flat())),
  el("p", { class: "imprimer" }, el("button", { type: "button", onclick: () => window.print() }, "Imprimer ou enregistrer en PDF"), ` Données publiées le ${date(commun().jour)}.`),
);
if (location.hash) document.getElementById(location.hash.slice(1))?.scrollIntoView();
requestAnimationFrame(() => setTimeout(() => dessiner(dessins), 0));
