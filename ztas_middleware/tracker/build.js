/*
 * Builds the tracker: `node build.js` writes ztas.min.js, `node build.js --stdout` prints it;
 * `--names SEED` looks for names anew first, which takes ten minutes.
 *
 * The same source, the same terser (pinned in package-lock.json) and the same names.json give the
 * same bytes; a test holds the committed ztas.min.js against them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { minify } from "terser";
import { rename, search } from "./names.js";

const file = (name) => new URL(name, import.meta.url);
const source = readFileSync(file("ztas.js"), "utf8");

// To gzip one keyword is cheaper than two: 12 bytes here.
const uniform = source.replace(/\bconst\b/g, "let");

const { code } = await minify(uniform, {
  ecma: 2019,
  toplevel: true,
  compress: { passes: 5, unsafe: true, unsafe_arrows: true, unsafe_methods: true },
});

const asked = process.argv.indexOf("--names");
if (asked > 0) {
  const names = search(code, Number(process.argv[asked + 1] || 1));
  writeFileSync(file("names.json"), `${JSON.stringify(names)}\n`);
}
const built = rename(code, JSON.parse(readFileSync(file("names.json"), "utf8")));

if (process.argv.includes("--stdout")) process.stdout.write(built);
else writeFileSync(file("ztas.min.js"), built);
