// The branches of a text. A branch is one text: {recipe, facts, parent, at, tokens, characters, spans, tints, status}.
// It begins as its parent does, up to the token `at`, where a reader chose another one. A root has no parent.

const MOST_ROOTS = 12; // earlier texts that can be gone back to

function makeBranch(recipe, facts, parent = null, at = 0) {
  return {
    recipe, facts, parent, at, tokens: [], characters: [], spans: [], tints: [],
    id: null, status: "writing", seconds: 0, children: [], queue: [], due: 0, stopping: false,
  };
}

// The branch of `parent` that takes `alternative` as its token `index`.
function branchOff(parent, index, alternative) {
  const forced = [...parent.recipe.forced.filter(([earlier]) => earlier < index), [index, alternative.token]];
  const branch = makeBranch({ ...parent.recipe, forced }, parent.facts, parent, index);
  // What came before stays as it is: an engine draws the same random numbers for it. It need not be awaited.
  for (const token of parent.tokens.slice(0, index)) addToken(branch, token);
  const { start, alternatives } = parent.tokens[index];
  const end = start + Array.from(alternative.text).length;
  addToken(branch, { ...alternative, index, alternatives, start, end });
  parent.children.push(branch);
  return branch;
}

// Adds a token, or puts it in the place of one that was known before. True if the text has changed.
function addToken(branch, token) {
  const known = branch.tokens[token.index];
  if (known && known.token === token.token && known.text === token.text) {
    branch.tokens[token.index] = token;
    return false;
  }
  // The engine's word counts: what was copied from the parent from here on is dropped.
  if (known) {
    branch.tokens.length = token.index;
    branch.characters.length = token.start;
  }
  branch.tokens.push(token);
  branch.characters.push(...Array.from(token.text));
  return true;
}

// The text that a branch has written: all of it, or the characters [start, end).
const textOf = (branch, start = 0, end = Infinity) => branch.characters.slice(start, end).join("");

// What the list calls a branch: where it leaves its parent and how it goes on, or how a whole text begins.
function nameOf(branch) {
  const from = branch.parent ? branch.tokens[branch.at]?.start ?? 0 : 0;
  const words = textOf(branch, from, from + 60).trim().split(/\s+/).slice(0, 5).join(" ");
  return words ? `${branch.parent ? "… " : ""}${words} …` : "(nothing yet)";
}

const rootOf = (branch) => (branch.parent ? rootOf(branch.parent) : branch);

// A list of all texts, each with its branches inside; `go` is called with the one that is chosen.
function treeList(branches, current, go) {
  const items = branches.map((branch) => {
    const button = makeButton("", () => go(branch), { className: "branch" });
    button.append(isolated(nameOf(branch)));
    if (branch === current) button.setAttribute("aria-current", "true");
    const below = branch.children.length ? treeList(branch.children, current, go) : null;
    return make("li", {}, button, below);
  });
  return make("ul", {}, ...items);
}
