// The map: what is shown, which communes, which doors; drawn by graphiques.js once its files are there.
import { commun } from "./donnees.js";
import { a, bouton_csv, charger, el, lien, mesure, nombre, tableau } from "./formats.js";

const GENRES = { fs: "France services", me: "médiation numérique", cn: "conseiller numérique", ac: "Aidants Connect", bi: "bibliothèque", po: "point de contact de La Poste", tl: "tiers-lieu ou fabrique" };
const TABLEAU_MAXIMUM = 500;

export function carte(page, cadre) {
  const etat = { indicateur: premier(page), genre: "fs" };
  const resume = el("p", { class: "aide", role: "status" });
  const liste = el("details", {}, el("summary", {}, "Les valeurs de la carte en tableau"));
  const boite = cadre(async (b, g) => {
    boite.g = g;
    await dessiner();
  }, "carte");
  const dessiner = () => tracer(page, etat, boite, resume, liste);
  const options = Object.entries(commun().axes).map(([axe, { libelle }]) => {
    const siens = Object.entries(commun().indicateurs).filter(([code, i]) => i.code_axe === axe && i.niveau_min === "commune" && commun().reperes.commune?.[code]);
    return siens.length ? el("optgroup", { label: libelle }, siens.map(([code, i]) => el("option", { value: code, selected: code === etat.indicateur }, i.libelle))) : null;
  });
  const choix = el("select", { id: "indicateur-carte", onchange: () => ((etat.indicateur = choix.value), dessiner()) }, options);
  const lieux = el("select", { id: "lieux-carte", onchange: () => ((etat.genre = lieux.value), dessiner()) }, el("option", { value: "" }, "aucun lieu"), Object.entries(GENRES).map(([code, nom]) => el("option", { value: code, selected: code === etat.genre }, nom)));
  return [
    el("p", { class: "choix" }, el("label", { for: "indicateur-carte" }, "Indicateur"), " ", choix),
    page.niveau === "france" ? null : el("p", { class: "choix" }, el("label", { for: "lieux-carte" }, "Lieux montrés"), " ", lieux),
    resume,
    boite,
    liste,
    bouton_csv(`${page.niveau}-${page.identite.code}-carte`, ["code", "nom", "code_indicateur", "valeur"], () => (boite.valeurs || []).map((v) => [v.code, v.nom, etat.indicateur, v.valeur])),
  ].filter(Boolean);
}

function premier(page) {
  const connus = commun().reperes.commune || {};
  const presse = page.enjeux.map((e) => e.indicateur).find((code) => connus[code]);
  return presse || ["fibre_raccordable", "france_services_20_min"].find((code) => connus[code]) || Object.keys(connus)[0];
}

async function lire(page) {
  if (page.niveau === "france") {
    await Promise.all([charger("cartes/contours_france.js"), charger("cartes/valeurs_france.js")]);
    return { contours: window.CONTOURS_FRANCE.features, valeurs: (code) => window.VALEURS_FRANCE[code] || {}, lieux: [] };
  }
  const lus = (nom) => Promise.all(page.deps.filter((dep) => commun().cartes[nom].includes(dep)).map((dep) => charger(`cartes/${nom}_${dep}.js`)));
  await Promise.all([lus("contours"), lus("valeurs"), lus("lieux")]);
  const voisinage = page.voisinage ? new Set(page.voisinage) : page.communes ? new Set(page.communes) : null;
  const dedans = (code) => !voisinage || voisinage.has(code);
  const tous = (objet) => page.deps.flatMap((dep) => (window[objet] || {})[dep] || []);
  return {
    contours: page.deps.flatMap((dep) => window.CONTOURS?.[dep]?.features || []).filter((f) => dedans(f.id)),
    valeurs: (code) => Object.assign({}, ...page.deps.map((dep) => window.VALEURS?.[dep]?.[code] || {})),
    lieux: tous("LIEUX").map(([id, nom, commune, adresse, latitude, longitude, genres]) => ({ id, nom, commune, adresse, latitude, longitude, genres: genres.split(",") })).filter((l) => dedans(l.commune)),
  };
}

async function tracer(page, etat, boite, resume, liste) {
  let fichiers;
  try {
    fichiers = await lire(page);
  } catch (erreur) {
    boite.replaceChildren(el("p", {}, `Carte indisponible : ${erreur.message}.`));
    return;
  }
  const { libelle, unite } = commun().indicateurs[etat.indicateur];
  const valeurs = fichiers.valeurs(etat.indicateur);
  const formes = fichiers.contours.map((f) => ({ ...f, properties: { ...f.properties, code: f.id, valeur: valeurs[f.id] ?? null } }));
  const montres = fichiers.lieux.filter((l) => etat.genre && l.genres.includes(etat.genre));
  const absentes = formes.filter((f) => f.properties.valeur === null).length;
  const quoi = page.niveau === "france" ? "départements" : "communes";
  boite.valeurs = formes.map((f) => ({ code: f.id, nom: f.properties.nom, valeur: f.properties.valeur })).sort((x, y) => (y.valeur ?? -Infinity) - (x.valeur ?? -Infinity));
  resume.textContent = formes.length
    ? `${libelle} : ${nombre(formes.length)} ${quoi}${absentes ? `, dont ${nombre(absentes)} sans donnée (hachurées)` : ""}${montres.length ? ` ; ${nombre(montres.length)} lieux (${GENRES[etat.genre]})` : ""}.`
    : "Aucun contour n'est disponible pour ce territoire.";
  const niveau = page.niveau === "france" ? "departement" : "commune";
  if (formes.length) {
    boite.g.carte(boite, { formes, lieux: montres, titre: libelle, unite, surligne: page.niveau === "commune" ? page.identite.code : null, ouvrir: (code) => (location.href = lien(`${niveau}:${code}`)), france: page.niveau === "france" });
  }
  const lignes = boite.valeurs.slice(0, TABLEAU_MAXIMUM).map((v) => [a(`${niveau}:${v.code}`, v.nom || v.code), mesure(v.valeur, unite)]);
  const reste = boite.valeurs.length - lignes.length;
  liste.replaceChildren(
    liste.firstChild,
    tableau(`${libelle}, par ${niveau}`, [niveau === "commune" ? "Commune" : "Département", libelle], lignes),
    ...(reste > 0 ? [el("p", {}, `Les ${nombre(reste)} suivantes sont dans le fichier CSV.`)] : []),
    ...(montres.length ? [tableau("Lieux montrés sur la carte", ["Lieu", "Adresse", "Genres"], montres.slice(0, TABLEAU_MAXIMUM).map((l) => [l.nom || "sans nom", l.adresse, l.genres.map((g) => GENRES[g]).join(", ")]))] : []),
  );
}
