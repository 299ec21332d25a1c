// What can be done with a text: copy it, copy a link to it, save it as text or as a card, keep it in the margin.

const MOST_KEPT = 50;

// The books in which passages of a text stand, those with most characters first: [{book, characters, passages}].
function booksOf(branch) {
  const books = new Map();
  for (const tint of branch.tints) {
    const { book } = branch.spans[tint.span].sources[0];
    const entry = books.get(book) ?? { book: { ...bookOf(branch.facts, book), id: book }, characters: 0, passages: 0 };
    entry.characters += tint.end - tint.start;
    entry.passages += 1;
    books.set(book, entry);
  }
  return [...books.values()].sort((a, b) => b.characters - a.characters);
}

// Who wrote a text, in two lines.
function madeBy({ facts, recipe, tokens }) {
  const { temperature, seed, max_copy: copying } = recipe.settings;
  const beginning = recipe.line === null ? [] : [`The beginning is a line of ${bookOf(facts, recipe.line).title}.`];
  const words = [`temperature ${temperature}`, `seed ${seed}`, counted(tokens.length, "token")];
  if (copying) words.push(`at most ${copying} characters copied in a row`);
  if (recipe.forced.length) words.push(counted(recipe.forced.length, "word chosen by hand", "words chosen by hand"));
  return [
    ...beginning,
    `Written by a language model trained on: ${facts.title}.`,
    `Model ${facts.model_sha256.slice(0, HASH_SHOWN)} (${facts.precision}), ${words.join(", ")}.`,
  ];
}

// A text with what it owes to the books.
function withSources(branch) {
  const passages = branch.tints.map((tint) => {
    const { book } = branch.spans[tint.span].sources[0];
    const { title, author } = bookOf(branch.facts, book);
    return `- ${textOf(branch, tint.start, tint.end).replace(/\s+/g, " ").trim()}\n  ${author ? `${title}, ${author}` : title}`;
  });
  const sources = passages.length ? ["Passages that also stand in the books:", ...passages, ""] : [];
  return [`${recipeText(branch)}\n`, ...sources, ...madeBy(branch), `Made again by: ${linkTo(branch)}`, ""].map(visible).join("\n");
}

const recipeText = (branch) => branch.recipe.prompt + textOf(branch);

// The link that writes this very text: as many tokens as there are.
function linkTo({ recipe, facts, tokens, status }) {
  const settings = { ...recipe.settings, tokens: status === "writing" ? recipe.settings.tokens : Math.max(1, tokens.length) };
  return writeLink({ ...recipe, settings }, facts);
}

async function copyText(text) {
  try {
    await navigator.clipboard.writeText(text);
  } catch { // no clipboard: in a frame, or where the page is no secure origin
    const area = make("textarea", { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
}

function download(content, type, name) {
  const address = URL.createObjectURL(new Blob([content], { type }));
  const link = make("a", { href: address, download: name });
  document.body.append(link);
  link.click();
  link.remove();
  setTimeout(() => URL.revokeObjectURL(address), 1000);
}

const cardFile = (branch, direction) => new XMLSerializer().serializeToString(makeCard(branch, direction));

// Buttons for all that; `keep` puts the text in the margin. A button says for a moment that it has done its work.
function saveButtons(current, element, keep) {
  const name = () => `${(current().recipe.prompt.match(/[\p{L}\p{N}]+/gu) ?? ["text"]).slice(0, 4).join("-").slice(0, 40)}-${current().recipe.settings.seed}`;
  const doing = (text, done, act) => {
    const button = makeButton(text, async () => {
      await act();
      button.textContent = done;
      say(done);
      setTimeout(() => { button.textContent = text; }, 1500);
    });
    return button;
  };
  return [
    doing("Keep", "Kept", keep),
    doing("Copy", "Copied", () => copyText(withSources(current()))),
    doing("Copy link", "Link copied", () => copyText(location.href.replace(/#.*$/s, "") + linkTo(current()))),
    doing("Save text", "Saved", () => download(withSources(current()), "text/plain;charset=utf-8", `${name()}.txt`)),
    doing("Save card", "Saved", () => {
      const { direction } = getComputedStyle(element);
      download(cardFile(current(), direction), "image/svg+xml", `${name()}.svg`);
    }),
  ];
}

// The kept texts of a model: [{link, text}]. Storage may hold anything, so each is checked.
function keptTexts(facts) {
  const key = `torch-transformer-poet:${facts.model_sha256.slice(0, HASH_SHOWN)}`;
  const isKept = (one) => typeof one?.link === "string" && typeof one.text === "string" && readLink(one.link) !== null;
  const read = stored(key);
  const kept = (Array.isArray(read) ? read : []).filter(isKept).slice(0, MOST_KEPT);
  return {
    kept,
    add(branch) {
      const link = linkTo(branch);
      const place = kept.findIndex((one) => one.link === link);
      if (place >= 0) kept.splice(place, 1);
      kept.unshift({ link, text: recipeText(branch).slice(0, 120) });
      kept.splice(MOST_KEPT);
      store(key, kept);
    },
    remove(one) {
      kept.splice(kept.indexOf(one), 1);
      store(key, kept);
    },
  };
}

// The list in the margin; `open` writes a kept text again.
function showKept(keeper, open) {
  const section = $("kept");
  section.hidden = !keeper.kept.length;
  const items = keeper.kept.map((one) => {
    const button = makeButton("", () => open(one), { className: "branch" });
    button.append(isolated(one.text.replace(/\s+/g, " ").slice(0, 70)));
    const remove = makeButton("×", () => {
      keeper.remove(one);
      showKept(keeper, open);
      (section.querySelector("button") ?? $("prompt")).focus();
    }, { className: "remove", title: "Remove" });
    remove.setAttribute("aria-label", `Remove “${visible(one.text.slice(0, 30))}”`);
    return make("li", {}, button, remove);
  });
  section.replaceChildren(make("h2", {}, "Kept"), make("ul", {}, ...items));
}
