// What if: one more place for each notch of the budget, and what each closing would do.
import { commun } from "./donnees.js";
import { a, bouton_csv, el, euros, habitants, nombre, tableau } from "./formats.js";

export function essais(page, cadre) {
  const ouverture = page.frontieres.length ? ouvrir(page, cadre) : null;
  const fermeture = page.fermetures.length ? fermer(page) : null;
  if (!ouverture && !fermeture) return null;
  return [ouverture, fermeture].filter(Boolean).flat();
}

function choix(id, texte, options, auChangement) {
  const liste = el("select", { id, onchange: () => auChangement(liste.value) }, options.map(([valeur, nom]) => el("option", { value: valeur }, nom)));
  return el("p", { class: "choix" }, el("label", { for: id }, texte), " ", liste);
}

function ouvrir(page, cadre) {
  const services = [...new Set(page.frontieres.map((f) => f.service))];
  const curseur = el("input", { type: "range", id: "budget", min: 0, step: 1, value: 0 });
  const etiquette = el("label", { for: "budget" });
  const resultat = el("div", { class: "resultat", role: "status", id: "resultat-budget" });
  const boite = cadre((b, g) => {
    boite.g = g;
    montrer();
  }, "graphique", 265);
  let lignes = [];
  let service = services[0];
  const choisir = (code) => {
    service = code;
    lignes = page.frontieres.filter((f) => f.service === code);
    curseur.max = lignes.length;
    curseur.value = Math.min(3, lignes.length);
    montrer();
  };
  const montrer = () => {
    const n = Number(curseur.value);
    const prix = commun().plans[service]?.cout_par_site_eur;
    const avant = lignes[0].couverte - lignes[0].gagnee;
    const derniere = n ? lignes[n - 1] : null;
    const couverte = derniere ? derniere.couverte : avant;
    const total = page.identite.population;
    const { libelle, seuil_min } = commun().services[service];
    etiquette.textContent = `Lieux ouverts en plus : ${n}`;
    curseur.setAttribute("aria-valuetext", `${n} lieux, ${habitants(couverte)} à moins de ${seuil_min} minutes`);
    resultat.replaceChildren(
      el("p", {}, el("strong", {}, `${habitants(couverte)}`), ` à moins de ${nombre(seuil_min)} min d'un lieu (${libelle}), soit ${nombre((100 * couverte) / total)} % ; aujourd'hui ${nombre((100 * avant) / total)} %.`),
      n ? el("p", {}, prix ? `Coût de l'ordre de ${euros(n * prix)} par an (${euros(prix)} par lieu, ordre de grandeur déclaré).` : "Coût par lieu non déclaré pour ce service.") : null,
      n ? el("p", {}, derniere.borne > derniere.couverte ? `Aucun autre choix de ${n} lieux ne dépasserait ${habitants(derniere.borne)}.` : `Aucun autre choix de ${n} lieux ne ferait mieux.`) : null,
      n ? el("ol", {}, lignes.slice(0, n).map((f) => el("li", {}, a(`commune:${f.commune}`, f.nom), ` : ${habitants(f.gagnee)} de plus`))) : null,
    );
    boite.g?.frontiere(boite, [{ rang: 0, couverte: avant }, ...lignes], n, total, seuil_min);
  };
  curseur.addEventListener("input", montrer);
  choisir(service);
  return [
    el("h3", {}, "Et si l'on ouvrait des lieux ?"),
    choix("service-budget", "Service", services.map((code) => [code, commun().services[code].libelle]), choisir),
    el("p", { class: "curseur" }, etiquette, curseur),
    resultat,
    boite,
    bouton_csv(`${page.niveau}-${page.identite.code}-et-si-ouvrir`, ["service", "rang", "code_commune", "commune", "population_gagnee", "population_couverte", "borne"], () => page.frontieres.map((f) => [f.service, f.rang, f.commune, f.nom, f.gagnee, f.couverte, f.borne])),
  ];
}

function fermer(page) {
  const services = [...new Set(page.fermetures.map((f) => f.service))];
  const resultat = el("div", { class: "resultat", role: "status", id: "resultat-fermeture" });
  const nom = (f) => f.nom || `${commun().services[f.service].libelle}, ${f.nom_commune}`;
  let choisies = [];
  const montrer = (id) => {
    const f = choisies.find((une) => une.id === id);
    const seuil = nombre(commun().services[f.service].seuil_min);
    resultat.replaceChildren(
      el("p", {}, `${nom(f)} : `, el("strong", {}, f.au_dela ? `${habitants(f.au_dela)} passeraient à plus de ${seuil} min.` : `Personne ne passerait à plus de ${seuil} min.`), ` C'est le lieu le plus proche de ${habitants(f.rattachee)}${f.minutes === null ? "" : `, qui feraient en moyenne ${nombre(f.minutes)} min de plus`}.`),
      el("p", { class: "precision" }, "Cette fermeture seule, tout le reste inchangé ; temps estimés de centre à centre."),
    );
  };
  const lieux = el("select", { id: "lieu-ferme", onchange: () => montrer(lieux.value) });
  const choisir = (code) => {
    choisies = page.fermetures.filter((f) => f.service === code);
    lieux.replaceChildren(...choisies.map((f) => el("option", { value: f.id }, `${nom(f)} (${f.nom_commune})`)));
    montrer(choisies[0].id);
  };
  choisir(services[0]);
  return [
    el("h3", {}, "Et si ce lieu fermait ?"),
    choix("service-ferme", "Service", services.map((code) => [code, commun().services[code].libelle]), choisir),
    el("p", { class: "choix" }, el("label", { for: "lieu-ferme" }, "Lieu"), " ", lieux),
    resultat,
    el("details", {}, el("summary", {}, "Tous les lieux en tableau"), tableau("Effet de chaque fermeture", ["Lieu", "Service", "Commune", "Habitants éloignés", "Habitants rattachés", "Minutes de plus"], page.fermetures.map((f) => [nom(f), commun().services[f.service].libelle, f.nom_commune, nombre(f.au_dela), nombre(f.rattachee), f.minutes === null ? "aucun autre lieu" : nombre(f.minutes)]))),
    bouton_csv(`${page.niveau}-${page.identite.code}-et-si-fermer`, ["service", "id_offre", "nom", "code_commune", "population_rattachee", "population_au_dela", "minutes_en_plus"], () => page.fermetures.map((f) => [f.service, f.id, f.nom, f.commune, f.rattachee, f.au_dela, f.minutes])),
  ];
}
