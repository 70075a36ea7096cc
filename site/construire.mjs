// Bundles the three scripts and the style sheet into construit/, with the licences of the libraries that are inside.
import { build } from "esbuild";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const racine = dirname(fileURLToPath(import.meta.url));
const sortie = join(racine, "construit");
mkdirSync(sortie, { recursive: true });
const resultat = await build({
  absWorkingDir: racine,
  entryPoints: ["src/accueil.js", "src/territoire.js", "src/graphiques.js"],
  bundle: true,
  minify: true,
  format: "iife",
  target: "es2020",
  charset: "utf8",
  legalComments: "none",
  metafile: true,
  outdir: sortie,
});
await build({ absWorkingDir: racine, entryPoints: ["src/style.css"], minify: true, outdir: sortie, target: "es2020" });

const paquets = new Set();
for (const fichier of Object.keys(resultat.metafile.inputs)) {
  const trouve = fichier.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/);
  if (trouve) paquets.add(trouve[1]);
}
const textes = [...paquets].sort().map((paquet) => {
  const dossier = join(racine, "node_modules", paquet);
  const { version, license } = JSON.parse(readFileSync(join(dossier, "package.json"), "utf8"));
  const licence = readdirSync(dossier).find((nom) => /^licen[cs]e/i.test(nom));
  return `${paquet} ${version} (${license})\n\n${licence ? readFileSync(join(dossier, licence), "utf8") : ""}`;
});
writeFileSync(join(sortie, "LICENCES.txt"), textes.join("\n----\n\n"));
