// An engine for tests of the page, which stands in for the model: it speaks the whole protocol, and is quick. Its "model"
// counts which word follows which in a few books; spans are found by looking at every place of every book.
//
// Blocks: "script" is JSON of {facts, books: [{id, title, author, text}], pace, fail}. `pace` are milliseconds for each
// token; `fail` is the number of the token at which it breaks down.
"use strict";

// A small generator of random numbers with a seed (mulberry32).
function randomNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

function scriptedEngine(post) {
  let script = null;
  const vocabulary = [];
  const numbers = new Map();
  const followers = new Map(); // word -> Map(word -> count)
  const stopped = new Set();

  const number = (word) => {
    if (!numbers.has(word)) numbers.set(word, vocabulary.push(word) - 1);
    return numbers.get(word);
  };
  const cut = (text) => text.match(/\s*\S+/g) ?? [];

  function open({ script: json }) {
    script = JSON.parse(json);
    for (const { text } of script.books) {
      const words = cut(text);
      words.forEach((word, i) => {
        const key = words[i - 1]?.trim() ?? "";
        if (!followers.has(key)) followers.set(key, new Map());
        const counts = followers.get(key);
        counts.set(word, (counts.get(word) ?? 0) + 1);
        number(word);
      });
    }
    post({ type: "ready", facts: script.facts });
  }

  // The likeliest words after `before`, each with its probability at this temperature.
  function choices(before, temperature) {
    const counts = followers.get(before) ?? new Map(vocabulary.slice(0, 8).map((word, i) => [word, 9 - i]));
    const weights = [...counts].map(([word, count]) => [word, temperature ? count ** (1 / temperature) : count]);
    const total = weights.reduce((sum, [, weight]) => sum + weight, 0);
    const all = weights.map(([word, weight]) => ({ token: number(word), text: word, probability: weight / total }));
    return all.sort((a, b) => b.probability - a.probability || a.token - b.token);
  }

  function choose(all, temperature, uniform) {
    if (!temperature) return all[0];
    let sum = 0;
    return all.find((one) => (sum += one.probability) > uniform) ?? all.at(-1);
  }

  // All maximal passages of `text` of at least the least length, in characters, that stand in a book.
  function spans(text) {
    const characters = Array.from(text);
    const least = script.facts.min_length;
    const found = [];
    let reached = 0;
    for (let start = 0; start + least <= characters.length; start += 1) {
      let end = start;
      while (end < characters.length && holds(characters.slice(start, end + 1).join(""))) end += 1;
      if (end - start < least || end <= reached) continue;
      reached = end;
      const passage = characters.slice(start, end).join("");
      const sources = script.books.flatMap(({ id, text: book }) => {
        const place = book.indexOf(passage);
        if (place < 0) return [];
        const from = Array.from(book.slice(0, place)).length;
        return [{ book: id, start: from, end: from + end - start, count: book.split(passage).length - 1 }];
      });
      found.push({ start, end, sources });
    }
    return found;
  }
  const holds = (passage) => script.books.some(({ text }) => text.includes(passage));

  async function write({ id, prompt, settings, forced = [] }) {
    const random = randomNumbers(settings.seed);
    const given = new Map(forced);
    let before = cut(prompt).at(-1)?.trim() ?? "";
    let text = "";
    let length = 0;
    let index = 0;
    for (; index < settings.tokens && !stopped.has(id); index += 1) {
      if (script.pace) await new Promise((resolve) => setTimeout(resolve, script.pace));
      else if (index % 8 === 7) await new Promise((resolve) => setTimeout(resolve));
      if (index === script.fail) {
        script.fail = undefined; // once
        post({ type: "error", id, message: "The model broke down." });
        return post({ type: "done", id, reason: "error", tokens: index, seconds: 0 });
      }
      const all = choices(before, settings.temperature);
      const drawn = choose(all, settings.temperature, random());
      const token = given.has(index) ? vocabulary[given.get(index)] : drawn.text;
      const start = length;
      text += token;
      length += Array.from(token).length;
      const probability = all.find((one) => one.text === token)?.probability ?? 0;
      const alternatives = all.slice(0, 8);
      post({ type: "token", id, index, token: number(token), text: token, alternatives, probability, start, end: length });
      if (script.facts.can_trace && index % 4 === 3) post({ type: "spans", id, spans: spans(text) });
      before = token.trim();
    }
    if (script.facts.can_trace) post({ type: "spans", id, spans: spans(text) });
    const reason = stopped.has(id) ? "stopped" : "length";
    return post({ type: "done", id, reason, tokens: index, seconds: 0.5 });
  }

  function passage({ id, book, start, end }) {
    const characters = Array.from(script.books.find((one) => String(one.id) === String(book)).text);
    const piece = (from, to) => characters.slice(Math.max(0, from), to).join("");
    post({
      type: "passage", id, book, before: piece(start - 120, start), text: piece(Number(start), Number(end)),
      after: piece(Number(end), Number(end) + 120), start, share: start / characters.length,
    });
  }

  let lines = 0;
  function line({ id }) {
    const book = script.books[lines % script.books.length];
    const all = book.text.split("\n").filter((text) => text.length > 15);
    const text = all[lines % all.length];
    lines += 1;
    post({ type: "line", id, book: book.id, text, start: book.text.indexOf(text) });
  }

  return {
    receive(message) {
      if (message.type === "open") open(message.blocks);
      else if (message.type === "write") write(message);
      else if (message.type === "stop") stopped.add(message.id);
      else if (message.type === "passage") passage(message);
      else if (message.type === "line") line(message);
    },
  };
}

if (typeof WorkerGlobalScope !== "undefined") {
  const engine = scriptedEngine((message) => self.postMessage(message));
  self.onmessage = ({ data }) => engine.receive(data);
}
