/*
 * Gives the variables of a minified script the names that gzip best: 36 bytes here.
 *
 * Terser gives the shortest names to what is used most, which leaves gzip few repetitions. Which
 * names are better is not computed but tried (`search`); what was found is kept in names.json, one
 * name a variable in the order of their declarations, so that a build takes no time and gives the
 * same bytes everywhere.
 */
import { parse } from "acorn";
// A faithful zlib, unlike that of Node, which is Chromium's and finds other repetitions.
import { gzip } from "pako";

const LETTERS = [..."etarnoislcdhpumgfwbvykTLPzxjqE"];
const STEPS = 400_000;

/** The variables of a script: where they stand, and which of them may not share a name. */
export function variablesOf(code) {
  const scopes = [];
  const variables = [];
  const references = [];

  const open = (parent) => {
    const scope = { parent, declared: new Map(), passing: new Set() };
    scopes.push(scope);
    return scope;
  };
  const declare = (pattern, scope) => {
    if (!pattern) return;
    if (pattern.type == "Identifier") {
      const variable = { name: pattern.name, scope, places: [], rivals: new Set() };
      scope.declared.set(pattern.name, variable);
      variables.push(variable);
    }
    for (const part of pattern.properties || pattern.elements || []) declare(part, scope);
    const inner = pattern.type == "Property" ? pattern.value : pattern.left || pattern.argument;
    if (inner) declare(inner, scope);
  };
  const declareAll = (statements, scope) => {
    for (const { type, declarations } of statements)
      if (type == "VariableDeclaration") for (const { id } of declarations) declare(id, scope);
  };
  const walk = (node, scope) => {
    if (Array.isArray(node)) return node.forEach((part) => walk(part, scope));
    if (!node || !node.type) return;
    if (node.type == "Identifier") return references.push([node, scope]);
    if (node.type == "MemberExpression" && !node.computed) return walk(node.object, scope);
    if (node.type == "Property") {
      if (node.shorthand) node.value.shorthand = true;
      return walk(node.value, scope);
    }
    if (/Function|Block|For|Catch/.test(node.type)) scope = open(scope);
    if (node.params) node.params.forEach((param) => declare(param, scope));
    if (node.param) declare(node.param, scope);
    if (node.type == "BlockStatement") declareAll(node.body, scope);
    if (/^For/.test(node.type)) declareAll([node.left || node.init || {}], scope);
    for (const part of Object.values(node)) if (part && typeof part == "object") walk(part, scope);
  };
  walk(parse(code, { ecmaVersion: 2019 }), null);

  const globals = new Set();
  for (const [{ name, start, end, shorthand }, from] of references) {
    let scope = from;
    while (scope && !scope.declared.has(name)) scope = scope.parent;
    if (!scope) {
      globals.add(name);
      continue;
    }
    const variable = scope.declared.get(name);
    variable.places.push({ start, end, key: shorthand ? `${name}:` : "" });
    for (let between = from; between != scope; between = between.parent)
      between.passing.add(variable);
  }
  // Neither may be hidden by the other where it is used.
  for (const { declared, passing } of scopes)
    for (const one of declared.values())
      for (const other of [...declared.values(), ...passing])
        if (one != other) one.rivals.add(other) && other.rivals.add(one);
  return { variables, globals };
}

/** The script with other names; throws where they are not for this script. */
export function rename(code, names) {
  const { variables, globals } = variablesOf(code);
  variables.forEach((variable, index) => (variable.name = names[index]));
  const wrong = ({ name, rivals }) =>
    !name || globals.has(name) || [...rivals].some((rival) => rival.name == name);
  if (names.length != variables.length || variables.some(wrong))
    throw new Error("names.json is of another script: npm run names");
  return render(code, variables);
}

/** The names that gzip best of those that are tried; another `seed` tries others. */
export function search(code, seed) {
  const { variables, globals } = variablesOf(code);
  const letters = LETTERS.filter((letter) => !globals.has(letter));
  const random = () => (seed = (seed * 16807) % 2147483647) / 2147483647;
  const any = (list) => list[Math.floor(random() * list.length)];
  const weigh = () => gzip(render(code, variables), { level: 9 }).length;

  let size = weigh();
  let best = { size, names: variables.map(({ name }) => name) };
  // Simulated annealing: what makes it larger is accepted, too, but less and less often.
  for (let step = 0; step < STEPS; step++) {
    const variable = any(variables);
    const { name } = variable;
    const other = any(letters);
    const rivals = [...variable.rivals].filter((rival) => rival.name == other);
    const free = (rival) => [...rival.rivals].every((far) => far == variable || far.name != name);
    if (other == name || !rivals.every(free)) continue;
    const swap = (mine, theirs) => {
      variable.name = mine;
      for (const rival of rivals) rival.name = theirs;
    };
    swap(other, name);
    const now = weigh();
    if (now <= size || random() < Math.exp((size - now) / (3 * 0.03 ** (step / STEPS)))) size = now;
    else swap(name, other);
    if (size < best.size) best = { size, names: variables.map((each) => each.name) };
  }
  return best.names;
}

function render(code, variables) {
  const edits = variables.flatMap(({ name, places }) => places.map((place) => [place, name]));
  edits.sort(([a], [b]) => a.start - b.start);
  let done = 0;
  let result = "";
  for (const [{ start, end, key }, name] of edits) {
    result += code.slice(done, start) + key + name;
    done = end;
  }
  return result + code.slice(done);
}
