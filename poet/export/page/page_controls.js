// The two sliders, the folded settings and the choice of the model: what the next text is written with.

// [name, label, step] of the folded settings.
const FOLDED = [
  ["tokens", "Length in tokens, which are pieces of words", 1],
  ["seed", "Seed (empty: a new one for each text)", 1],
  ["top_k", "Only so many of the likeliest (top-k; 0: all)", 1],
  ["top_p", "Only the likeliest with this share of it all (top-p; 1: all)", 0.01],
  ["min_p", "Only those this likely beside the likeliest (min-p; 0: all)", 0.01],
  ["repetition_penalty", "Penalty for repetition (1: none)", 0.05],
];
const ANYTHING = 0; // the limit of copying that is none

// The limits that the slider offers: from nothing that would be tinted, in growing steps, to anything.
function copySteps(facts) {
  const least = Math.max(1, (facts.min_length || 20) - 1);
  return [least, 25, 30, 40, 60, 100, 200].filter((step, i) => i === 0 || step > least).concat(ANYTHING);
}

function makeControls(changed) {
  const controls = { steps: [ANYTHING], facts: null, fields: {}, models: [], changed };
  for (const [name, label, step] of FOLDED) {
    const { least, most, start } = SETTINGS[name];
    const field = make("input", { type: "number", id: `setting-${name}`, min: least, max: most, step, value: name === "seed" ? "" : start });
    field.addEventListener("change", () => { if (field.value !== "") field.value = fitSetting(name, field.value); });
    controls.fields[name] = field;
    $("more").append(settingOf(label, field));
  }
  const options = PACES.map(([value, words]) => make("option", { value }, words));
  const pace = make("select", { id: "pace" }, ...options);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) pace.value = "fast";
  $("more").prepend(settingOf("Pace", pace));
  for (const id of ["temperature", "second-temperature", "copying"]) $(id).addEventListener("input", () => showControls(controls));
  $("settings").addEventListener("click", () => {
    const open = $("more").hidden;
    $("more").hidden = !open;
    $("settings").setAttribute("aria-expanded", open);
    if (open) $("pace").focus();
  });
  return controls;
}

const settingOf = (words, field) => make("label", { className: "setting" }, make("span", {}, words), field);

// Once the models are known. `copying` needs the books of a model.
function setModels(controls, models) {
  controls.models = models;
  controls.steps = copySteps(models[0]);
  const slider = $("copying");
  Object.assign(slider, { min: 0, max: controls.steps.length - 1, value: controls.steps.length - 1 });
  slider.disabled = !models.some((facts) => facts.can_trace);
  if (models.length > 1 && !$("model")) {
    const select = (id, label) => {
      const options = models.map((facts, i) => make("option", { value: i }, visible(facts.name)));
      return make("div", { className: "knob", id: `${id}-knob` }, make("label", { htmlFor: id }, label), make("select", { id }, ...options));
    };
    document.querySelector(".controls").prepend(select("model", "Model"), select("second-model", "Model 2"));
    $("second-model-knob").hidden = true;
    $("second-model").value = 1;
    $("model").addEventListener("change", () => controls.changed());
  }
  showControls(controls);
}

const chosenModel = (controls, second) => controls.models[Number($(second ? "second-model" : "model")?.value ?? 0)];

// The values beside the sliders, in words too.
function showControls(controls) {
  for (const id of ["temperature", "second-temperature"]) {
    const value = Number($(id).value);
    $(`${id}-value`).textContent = value.toFixed(2);
    const words = value === 0 ? "always the likeliest" : value < 0.7 ? "calm" : value <= 1 ? "lively" : value <= 1.4 ? "wild" : "very wild";
    $(id).setAttribute("aria-valuetext", `${value.toFixed(2)}, ${words}`);
  }
  const limit = controls.steps[Number($("copying").value)];
  const least = controls.steps[0];
  $("copying-value").textContent = copyWords(limit, least);
  $("copying").setAttribute("aria-valuetext", limit === least ? `nothing: at most ${limit} characters in a row` : copyWords(limit, least));
}

function copyWords(limit, least) {
  if (limit === ANYTHING) return "anything";
  return limit === least ? "nothing" : `${limit} characters`;
}

// The settings of a text that is written now; `second` is the one on the right.
function readSettings(controls, second, seed) {
  const settings = { temperature: Number($(second ? "second-temperature" : "temperature").value) };
  for (const [name] of FOLDED) settings[name] = fitSetting(name, controls.fields[name].value);
  settings.seed = seed;
  settings.max_copy = chosenModel(controls, second)?.can_trace ? controls.steps[Number($("copying").value)] : ANYTHING;
  return settings;
}

const paceOf = () => PACES.find(([value]) => value === $("pace").value)[2];

// The seed in its field, or a new one.
function nextSeed(controls) {
  const { value } = controls.fields.seed;
  return value === "" ? crypto.getRandomValues(new Uint32Array(1))[0] : fitSetting("seed", value);
}

// Sets the controls as they were for a text that a link describes. The sliders show the nearest that they have.
function setControls(controls, recipe) {
  const { settings } = recipe;
  $("temperature").value = settings.temperature;
  for (const [name] of FOLDED) if (name !== "seed") controls.fields[name].value = settings[name];
  const { steps } = controls;
  if (settings.max_copy !== ANYTHING && !steps.includes(settings.max_copy)) {
    steps.push(settings.max_copy);
    steps.sort((a, b) => (a || Infinity) - (b || Infinity));
    $("copying").max = steps.length - 1;
  }
  $("copying").value = steps.indexOf(settings.max_copy);
  const place = controls.models.findIndex((facts) => facts.name === recipe.model);
  if ($("model") && place >= 0) $("model").value = place;
  showControls(controls);
}
