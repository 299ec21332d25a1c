// Calls functions of the page's scripts for Python: a line {call, arguments} of JSON in, a line with the result out.
"use strict";
const fs = require("node:fs");
const path = require("node:path");
const readline = require("node:readline");
const vm = require("node:vm");

// What these files name of a browser, as far as the functions under test touch it.
const context = vm.createContext({ URLSearchParams, document: {}, Map, console });
for (const name of ["page_dom", "page_words", "page_tints", "page_link", "page_tree", "page_pace"]) {
  const file = path.join(__dirname, "../../poet/export/page", `${name}.js`);
  vm.runInContext(fs.readFileSync(file, "utf-8"), context, { filename: file });
}
vm.runInContext(
  `function tintsOf(text, spans, before) {
    return layOut(Array.from(text), spans, Array.from(before)).map(({ span, start, end }) => [span, start, end]);
  }
  // A text in tokens of the given lengths, cut at tints and put together again.
  function piecesOf(lengths, tints) {
    let place = 0;
    const tokens = lengths.map((length, index) => ({ index, start: place, end: (place += length) }));
    return cutAtTints(tokens, tints.map(([start, end]) => ({ start, end })))
      .map(({ tint, parts }) => [tint !== null, parts.map(({ token, from, to }) => [token, from, to])]);
  }
  // What is handed on at each of \`times\`, in milliseconds, of events that all came before; and what a stop leaves.
  function paced(known, events, times, pace) {
    const branch = { tokens: Array(known).fill(0), queue: [], due: 0, stopping: false };
    for (const event of events) takeEvent(branch, event);
    const seen = times.map((now) => {
      const handed = [];
      releaseEvents(branch, now, pace ?? Infinity, (event) => {
        handed.push(event.type === "token" ? event.index : event.type);
        if (event.type === "token") branch.tokens[event.index] = event;
      });
      return handed;
    });
    const left = [];
    const running = dropEvents(branch, (event) => left.push([event.type, event.reason]));
    takeEvent(branch, { type: "token", index: 99 });
    return { seen, left, running, waiting: branch.queue.length };
  }`,
  context,
);

readline.createInterface({ input: process.stdin }).on("line", (line) => {
  const { call, arguments: given } = JSON.parse(line);
  context.given = given;
  process.stdout.write(`${JSON.stringify(vm.runInContext(`${call}(...given)`, context))}\n`);
});
