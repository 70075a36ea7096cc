// The search of a territory: a combobox whose list is read from small files, by the first two letters typed.
import { charger, el, lien, nombre } from "./formats.js";

const LIBELLES = { commune: "commune", epci: "intercommunalité", crte: "CRTE", bassin_vie: "bassin de vie", departement: "département", region: "région", france: "pays", territoire: "territoire" };
const MAXIMUM = 12;

export const plier = (texte) =>
  texte.toLowerCase().replaceAll("œ", "oe").replaceAll("æ", "ae").normalize("NFD").replace(/\p{M}/gu, "");
const mots = (texte) => plier(texte).match(/[a-z0-9]+/g) || [];

async function trouver(texte) {
  const cherches = mots(texte);
  const cle = cherches.filter((mot) => mot.length >= 2).sort((x, y) => y.length - x.length)[0];
  if (!cle) return [];
  await charger("recherche/prefixes.js");
  if (!window.PREFIXES.includes(cle.slice(0, 2))) return [];
  await charger(`recherche/${cle.slice(0, 2)}.js`);
  const phrase = cherches.join(" ");
  return (window.NOMS[cle.slice(0, 2)] || [])
    .map((ligne) => {
      const siens = mots(`${ligne[2]} ${ligne[1]} ${ligne[5]}`);
      if (!cherches.every((mot) => siens.some((sien) => sien.startsWith(mot)))) return null;
      const nom = mots(ligne[2]).join(" ");
      return [nom === phrase ? 0 : nom.startsWith(phrase) ? 1 : 2, ligne];
    })
    .filter(Boolean)
    .sort((x, y) => x[0] - y[0])
    .slice(0, MAXIMUM)
    .map(([, ligne]) => ligne);
}

export function installer() {
  const champ = document.getElementById("recherche");
  const liste = document.getElementById("propositions");
  const etat = document.getElementById("etat-recherche");
  let actif = -1;
  let demande = 0;

  const fermer = () => {
    liste.hidden = true;
    champ.setAttribute("aria-expanded", "false");
    champ.removeAttribute("aria-activedescendant");
    actif = -1;
  };
  const choisir = (rang) => {
    actif = rang;
    [...liste.children].forEach((option, k) => option.setAttribute("aria-selected", k === rang));
    champ.setAttribute("aria-activedescendant", liste.children[rang].id);
    liste.children[rang].scrollIntoView({ block: "nearest" });
  };
  const proposer = async () => {
    const numero = ++demande;
    const lignes = await trouver(champ.value);
    if (numero !== demande) return;
    liste.replaceChildren(
      ...lignes.map(([niveau, code, nom, departement, population], k) => {
        const precisions = [LIBELLES[niveau], niveau === "commune" ? departement : "", population ? `${nombre(population)} hab.` : ""];
        const option = el("li", { role: "option", id: `option-${k}`, "aria-selected": "false", "data-lien": lien(`${niveau}:${code}`) }, el("strong", {}, nom), ` ${precisions.filter(Boolean).join(", ")}`);
        option.addEventListener("mousedown", (evenement) => {
          evenement.preventDefault();
          location.href = option.dataset.lien;
        });
        return option;
      }),
    );
    const vide = mots(champ.value).join("").length < 2;
    etat.textContent = vide ? "" : lignes.length ? `${lignes.length} territoires proposés` : "Aucun territoire de ce nom";
    etat.classList.toggle("cache", vide || lignes.length > 0);
    liste.hidden = !lignes.length;
    champ.setAttribute("aria-expanded", String(lignes.length > 0));
    actif = -1;
    champ.removeAttribute("aria-activedescendant");
  };
  champ.addEventListener("input", proposer);
  champ.addEventListener("blur", fermer);
  champ.addEventListener("keydown", (evenement) => {
    const total = liste.hidden ? 0 : liste.children.length;
    if (evenement.key === "Escape") fermer();
    else if (evenement.key === "ArrowDown" && total) choisir((actif + 1) % total);
    else if (evenement.key === "ArrowUp" && total) choisir((actif - 1 + total) % total);
    else if (evenement.key === "Enter" && total) location.href = liste.children[Math.max(actif, 0)].dataset.lien;
    else return;
    evenement.preventDefault();
  });
  champ.form.addEventListener("submit", (evenement) => evenement.preventDefault());
}
