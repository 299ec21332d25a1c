// Small helpers around the document. All text goes into the page as text nodes: nothing here, or in any other file of
// the page, reads markup from a string. So whatever a model writes or a link says can be shown, and can do nothing.
//
// The files page_*.js and page.js stand in the page one after the other, in one function (poet/export/page_template.py).

const $ = (id) => document.getElementById(id);

// An element with `properties` (of the object, not attributes) and children: elements or strings.
function make(tag, properties = {}, ...children) {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children.filter((child) => child !== null && child !== undefined));
  return element;
}

function makeButton(text, onclick, properties = {}) {
  return make("button", { type: "button", onclick, ...properties }, text);
}

// Text of others, on its own: `bdi` keeps marks that turn the direction of writing from reaching what stands around it.
function isolated(text, tag = "bdi") {
  return make(tag, {}, visible(text));
}

// Control characters would be invisible, and XML cannot hold them. They are shown by their symbols; half of a surrogate
// pair, which is no character, by the sign for that.
function visible(text) {
  return text
    .replace(/\r\n?/g, "\n")
    .replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f]/g, (control) => String.fromCharCode(0x2400 + control.charCodeAt(0)))
    .replace(/[\u007f-\u009f\ufffe\uffff]/g, "\ufffd")
    .replace(/[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g, "\ufffd");
}

// Says something to a screen reader, once it has finished what it is reading. Nobody sees it.
let spoken = "";
function say(text) {
  // A status that does not change is not read again.
  spoken = text === spoken ? `${text}\u00a0` : text;
  $("status").textContent = spoken;
}

// Numbers as people read them.
const whole = (value) => Math.round(value).toLocaleString("en");
const counted = (count, one, several = `${one}s`) => `${whole(count)} ${count === 1 ? one : several}`;
function percent(share) {
  if (share > 0 && share < 0.005) return "under 1 %";
  return share < 1 && share > 0.995 ? "over 99 %" : `${Math.round(100 * share)} %`;
}
const rounded = (value) => (value >= 1e6 ? `${(value / 1e6).toFixed(1)} million` : whole(value));

// Storage fails where the page has no origin of its own (in a frame, in some browsers from a file): then nothing is
// stored, and everything else works.
function stored(key) {
  try {
    return JSON.parse(localStorage.getItem(key));
  } catch {
    return null;
  }
}

function store(key, value) {
  try {
    localStorage.setItem(key, JSON.stringify(value));
  } catch {
    // What is kept then lasts as long as the page is open.
  }
}
