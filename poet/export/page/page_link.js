// A recipe is what a text comes from: {model, prompt, line, settings, forced}. The same recipe with the same model gives
// the same text, so a link needs to hold nothing else. `line` is the book that the prompt is a line of, or null; `forced`
// are the choices of a reader, [[index, token], ...].

// Each setting with its range and what a page starts with: those of poet/params/sampling.py and poet/serve/request.py.
const SETTINGS = {
  temperature: { least: 0, most: 10, start: 0.8 },
  top_k: { least: 0, most: 1_000_000, start: 0, integer: true },
  top_p: { least: 0.001, most: 1, start: 1 },
  min_p: { least: 0, most: 0.99, start: 0 },
  repetition_penalty: { least: 1, most: 100, start: 1 },
  seed: { least: 0, most: Number.MAX_SAFE_INTEGER, start: 1, integer: true },
  max_copy: { least: 0, most: 1000, start: 0, integer: true },
  tokens: { least: 1, most: 1000, start: 300, integer: true },
};
const LONGEST_PROMPT = 10_000; // characters
const LEAST_TEMPERATURE = 0.001; // but for 0
const HASH_SHOWN = 12; // characters of a model's hash that tell it from others

// The nearest value that the setting `name` may have; what it starts with for what is no number.
function fitSetting(name, value) {
  const { least, most, start, integer } = SETTINGS[name];
  const number = typeof value === "string" && value.trim() === "" ? NaN : Number(value);
  if (!Number.isFinite(number)) return start;
  if (name === "temperature" && number > 0 && number < LEAST_TEMPERATURE) return LEAST_TEMPERATURE;
  const fitted = Math.min(most, Math.max(least, number));
  return integer ? Math.round(fitted) : fitted;
}

// A prompt as an engine takes it: Unicode, and not too long.
function fitPrompt(text) {
  return Array.from(visible(text)).slice(0, LONGEST_PROMPT).join("");
}

// The part of an address after "#" that reproduces a text of the model with these facts.
function writeLink(recipe, facts) {
  const values = new URLSearchParams();
  values.set("model", facts.model_sha256.slice(0, HASH_SHOWN));
  values.set("precision", facts.precision);
  for (const name of Object.keys(SETTINGS)) values.set(name, String(recipe.settings[name]));
  if (recipe.forced.length) values.set("forced", recipe.forced.map((pair) => pair.join(".")).join("-"));
  if (recipe.line !== null) values.set("line", String(recipe.line));
  values.set("prompt", recipe.prompt);
  return `#${values}`;
}

// {recipe, model, precision} of a link, or null where it is none. Anybody can write a link: every value is checked.
function readLink(hash) {
  const values = new URLSearchParams(hash.replace(/^#/, ""));
  const prompt = fitPrompt(values.get("prompt") ?? "");
  if (!prompt) return null;
  const settings = {};
  for (const name of Object.keys(SETTINGS)) settings[name] = fitSetting(name, values.get(name) ?? "");
  const forced = [];
  for (const pair of (values.get("forced") ?? "").split("-")) {
    const [, index, token] = /^(\d{1,6})\.(\d{1,7})$/.exec(pair) ?? [];
    if (index !== undefined && Number(index) < settings.tokens) forced.push([Number(index), Number(token)]);
  }
  forced.sort((a, b) => a[0] - b[0]);
  return {
    recipe: { model: undefined, prompt, line: values.get("line"), settings, forced: forced.slice(0, settings.tokens) },
    model: (values.get("model") ?? "").slice(0, HASH_SHOWN),
    precision: (values.get("precision") ?? "").slice(0, HASH_SHOWN),
  };
}

// Which of `models` a link means, and what to say if it is none of them: {facts, warning}.
function modelOfLink(link, models) {
  const same = models.filter((facts) => link.model && facts.model_sha256.startsWith(link.model));
  const facts = same.find((one) => one.precision === link.precision) ?? same[0] ?? models[0];
  if (!same.length) {
    const warning = `This link was made with another model (${link.model || "it does not say which"}). `
      + `The beginning and the settings are the same here, but this model (${facts.model_sha256.slice(0, HASH_SHOWN)}) writes another text.`;
    return { facts, warning, same: false };
  }
  if (facts.precision === link.precision) return { facts, warning: "", same: true };
  const warning = `This link was made with the same model in another precision (${link.precision || "it does not say which"}, here ${facts.precision}). `
    + "Rounding can make the text another one.";
  return { facts, warning, same: true };
}
