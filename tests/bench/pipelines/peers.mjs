// jmespath.js and @metrichor/jmespath on the same expressions and templates as pipelines_bench.
//
// usage: peers.mjs EXPRESSIONS_JSON; prints one line of JSON, all figures per second. A library without a template
// language gets the plainest one: what stands between ${ and } is searched for and written out.
import { readFileSync } from "node:fs";
import jmespath from "jmespath";
import metrichor from "@metrichor/jmespath";

const { data, expressions, templates } = JSON.parse(readFileSync(process.argv[2], "utf8"));

function rate(things, work) {
  for (let i = 0; i < 200; ++i) work();  // compiled by then
  let rounds = 0;
  const begin = performance.now();
  while (performance.now() - begin < 1000) { work(); rounds += 1; }
  return (rounds * things) / ((performance.now() - begin) / 1000);
}

const whole = /^\$\{([^}]*(?:\{[^}]*\}[^}]*)*)\}$/, inside = /\$\{([^}]*)\}/g;
function rendered(search, text) {
  const all = whole.exec(text);
  if (all && !all[1].includes("${")) return search(data, all[1]);
  return text.replace(inside, (_, expression) => { const value = search(data, expression); return typeof value === "string" ? value : JSON.stringify(value); });
}

// `interpret` is what each gives for parsed expressions.
function figures(library, interpret) {
  const parsed = expressions.map((each) => library.compile(each));
  return {
    results: expressions.map((each) => library.search(data, each)),
    parsed: interpret && rate(expressions.length, () => parsed.forEach((each) => interpret(each))),
    texts: rate(expressions.length, () => expressions.forEach((each) => library.search(data, each))),
    templates: rate(templates.length, () => templates.forEach((each) => rendered(library.search, each))),
  };
}

console.log(JSON.stringify({
  "jmespath.js": figures(jmespath, undefined),  // keeps its interpreter to itself
  "@metrichor/jmespath": figures(metrichor, (each) => metrichor.TreeInterpreter.search(each, data)),
}));
