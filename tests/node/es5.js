// Reads a script on standard input and prints one line for each thing that is not ES5: syntax, unknown globals, newer methods.
"use strict";
const acorn = require("acorn");

const GLOBALS = new Set(["Array", "Error", "JSON", "Math", "NaN", "Number", "Object", "String", "isNaN", "undefined", "arguments"]);
const JAVA = new Set(["java", "Packages"]); // live mode only; the sandbox does not have them
const NEWER = new Set([
  "includes", "startsWith", "endsWith", "repeat", "padStart", "padEnd", "find", "findIndex", "fill", "from", "of", "assign",
  "entries", "values", "flat", "flatMap", "at", "codePointAt", "fromCodePoint", "raw", "trunc", "sign", "isInteger", "matchAll",
  "replaceAll", "trimStart", "trimEnd", "fround", "imul", "is"
]);

let source = "";
process.stdin.setEncoding("utf8").on("data", (piece) => (source += piece)).on("end", () => {
  let tree;
  try {
    tree = acorn.parse(source, { ecmaVersion: 5, locations: true });
  } catch (error) {
    console.log(error.message);
    return;
  }
  walk(tree, new Set(), null);
});

function declared(node, names) {
  if (!node || typeof node.type !== "string") return;
  if (node.type === "VariableDeclarator") names.add(node.id.name);
  if (node.type === "FunctionDeclaration") names.add(node.id.name);
  if (/Function/.test(node.type)) return;
  each(node, (child) => declared(child, names));
}

function each(node, visit) {
  for (const key of Object.keys(node)) {
    for (const child of [].concat(node[key])) {
      if (child && typeof child.type === "string") visit(child, key);
    }
  }
}

function walk(node, outer, parent) {
  let scope = outer;
  if (node.type === "Program" || /Function/.test(node.type)) {
    scope = new Set(outer);
    (node.params || []).forEach((parameter) => scope.add(parameter.name));
    each(node.type === "Program" ? node : node.body, (child) => declared(child, scope));
  }
  if (node.type === "CatchClause") scope = new Set(outer).add(node.param.name);
  each(node, (child, key) => {
    const name = child.name;
    if (child.type === "Identifier") {
      const member = node.type === "MemberExpression" && key === "property" && !node.computed;
      const label = node.type === "Property" && key === "key";
      const hook = /Function/.test(node.type);
      if (member && NEWER.has(name)) console.log(`${child.loc.start.line}: .${name} is newer than ES5`);
      if (!member && !label && !hook && !scope.has(name) && !GLOBALS.has(name) && !JAVA.has(name)) {
        console.log(`${child.loc.start.line}: ${name} is not defined`);
      }
    }
    walk(child, scope, node);
  });
}
