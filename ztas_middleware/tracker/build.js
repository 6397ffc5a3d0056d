/*
 * Builds the tracker: `node build.js` writes ztas.min.js, `node build.js --stdout` prints it.
 *
 * The same source and the same terser (pinned in package-lock.json) give the same bytes; a test
 * holds the committed ztas.min.js against them.
 */
import { readFileSync, writeFileSync } from "node:fs";
import { minify } from "terser";

const source = readFileSync(new URL("ztas.js", import.meta.url), "utf8");

// To gzip one keyword is cheaper than two: 12 bytes here.
const uniform = source.replace(/\bconst\b/g, "let");

const { code } = await minify(uniform, {
  ecma: 2019,
  toplevel: true,
  compress: { passes: 5, unsafe: true, unsafe_arrows: true, unsafe_methods: true },
});

if (process.argv.includes("--stdout")) process.stdout.write(code);
else writeFileSync(new URL("ztas.min.js", import.meta.url), code);
