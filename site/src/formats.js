// Numbers, dates and links as people read them, and elements without markup in strings.
const entier = new Intl.NumberFormat("fr-FR", { maximumFractionDigits: 0 });
const court = new Intl.NumberFormat("fr-FR", { maximumSignificantDigits: 3 });
const moyen = new Intl.NumberFormat("fr-FR", { maximumFractionDigits: 1 });
const jour = new Intl.DateTimeFormat("fr-FR", { day: "numeric", month: "long", year: "numeric", timeZone: "UTC" });

export const ABSENTE = "donnée absente";

export function nombre(valeur) {
  if (valeur === null || valeur === undefined) return ABSENTE;
  const taille = Math.abs(valeur);
  return (taille >= 1000 ? entier : taille >= 10 ? moyen : court).format(valeur);
}

export function mesure(valeur, unite) {
  if (valeur === null || valeur === undefined) return ABSENTE;
  const note = unite && unite.match(/^(?:score|note) de 0 à (\d+)$/);
  if (note) return `${nombre(valeur)} sur ${note[1]}`;
  return unite && unite !== "indice" ? `${nombre(valeur)} ${unite.startsWith("%") ? "%" : unite}` : nombre(valeur);
}

export const majuscule = (texte) => texte.charAt(0).toUpperCase() + texte.slice(1);
export const habitants = (n) => (n === null || n === undefined ? "population inconnue" : `${entier.format(n)} habitant${n > 1 ? "s" : ""}`);
export const euros = (n) => (n === null || n === undefined ? "" : `${entier.format(n)} €`);
export const date = (iso) => (iso ? jour.format(new Date(`${iso.slice(0, 10)}T00:00:00Z`)).replace(/^1 /, "1er ") : "date inconnue");
export const rang = (n, sur) => (n === null || n === undefined ? "non classé" : `${entier.format(n)}${n === 1 ? "er" : "e"} sur ${entier.format(sur)}`);

export const racine = document.body.dataset.racine;

export function lien(cle) {
  const [niveau, code] = [cle.slice(0, cle.indexOf(":")), cle.slice(cle.indexOf(":") + 1)];
  const dossier = niveau === "commune" ? `commune/${code.slice(0, code.startsWith("97") ? 3 : 2)}` : niveau;
  return `${racine}t/${dossier}/${encodeURIComponent(code)}.html`;
}

export function el(nom, attributs = {}, ...enfants) {
  const noeud = document.createElement(nom);
  for (const [cle, valeur] of Object.entries(attributs)) {
    if (valeur === false || valeur === null || valeur === undefined) continue;
    if (cle.startsWith("on")) noeud.addEventListener(cle.slice(2), valeur);
    else noeud.setAttribute(cle, valeur === true ? "" : valeur);
  }
  noeud.append(...enfants.flat().filter((enfant) => enfant !== null && enfant !== undefined));
  return noeud;
}

export const a = (cle, nom) => el("a", { href: lien(cle) }, nom);

export function charger(fichier) {
  charger.faits ||= new Map();
  if (!charger.faits.has(fichier)) {
    charger.faits.set(
      fichier,
      new Promise((reussir, echouer) => {
        const script = el("script", { src: racine + fichier });
        script.onload = reussir;
        script.onerror = () => echouer(new Error(`${fichier} manque`));
        document.head.append(script);
      }),
    );
  }
  return charger.faits.get(fichier);
}

export function tableau(legende, colonnes, lignes, classe = "") {
  const tete = colonnes.map((titre) => el("th", { scope: "col" }, titre));
  const corps = lignes.map(([titre, ...cellules]) =>
    el("tr", {}, el("th", { scope: "row" }, titre), ...cellules.map((cellule) => el("td", {}, cellule ?? ""))),
  );
  const table = el("table", { class: classe }, el("caption", { class: "cache" }, legende), el("thead", {}, el("tr", {}, ...tete)), el("tbody", {}, ...corps));
  return el("div", { class: "defile", tabindex: "0", role: "region", "aria-label": legende }, table);
}

const cellule = (v) => {
  const texte = v === null || v === undefined ? "" : String(v);
  const sur = typeof v === "string" && /^'*[=+@\t\r\n＝＋－＠-]/.test(texte) ? `'${texte}` : texte;
  return /[",\r\n]/.test(sur) ? `"${sur.replaceAll('"', '""')}"` : sur;
};

export function bouton_csv(nom, colonnes, lignes) {
  const enregistrer = () => {
    const texte = [colonnes, ...lignes()].map((ligne) => ligne.map(cellule).join(",")).join("\r\n") + "\r\n";
    const url = URL.createObjectURL(new Blob(["\ufeff", texte], { type: "text/csv;charset=utf-8" }));
    const ancre = el("a", { href: url, download: `${nom}.csv` });
    ancre.click();
    setTimeout(() => URL.revokeObjectURL(url), 1000);
  };
  return el("button", { type: "button", class: "csv", onclick: enregistrer }, `Télécharger ces données (CSV)`, el("span", { class: "cache" }, ` : ${nom}`));
}
