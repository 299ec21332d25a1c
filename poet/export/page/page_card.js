// A text as a picture: an SVG file with the passages tinted, and below them the books and what wrote the text.

const CARD = { width: 800, margin: 64, size: 24, line: 37, small: 15, smallLine: 25, mostLines: 48, mostBooks: 12 };
const SERIF = '"Iowan Old Style", Palatino, Georgia, "Liberation Serif", "Times New Roman", serif';
const SANS = "system-ui, sans-serif";

function makeCard(branch, direction) {
  const paper = paperColours();
  const svg = svgElement("svg", { width: CARD.width });
  const pen = document.createElement("canvas").getContext("2d");
  const lines = cardLines(branch, pen);
  const shown = lines.slice(0, CARD.mostLines);
  if (lines.length > shown.length) shown.push([{ text: "…", bold: false, tint: null, raised: false }]);
  let y = CARD.margin + CARD.size;
  for (const line of shown) {
    drawLine(svg, line, y, { branch, paper, pen, direction });
    y += CARD.line;
  }
  y = drawFoot(svg, y + 8, branch, paper, pen);
  const height = y + CARD.margin - CARD.smallLine;
  svg.setAttribute("height", height);
  svg.setAttribute("viewBox", `0 0 ${CARD.width} ${height}`);
  const edge = { x: 0.5, y: 0.5, width: CARD.width - 1, height: height - 1, rx: 6, fill: paper("--page"), stroke: paper("--rule") };
  const title = svgElement("title", {}, visible(`${branch.recipe.prompt}${textOf(branch)}`.slice(0, 200)));
  svg.prepend(title, svgElement("rect", edge));
  return svg;
}

const SVG = "http://www.w3.org/2000/svg";

function svgElement(tag, attributes, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

// A card is paper in a dark room too: the first rule of the style has the light colours.
function paperColours() {
  const { style } = document.styleSheets[0].cssRules[0];
  return (name) => style.getPropertyValue(name).trim();
}

const fontOf = (bold, size = CARD.size, family = SERIF) => `${bold ? "bold " : ""}${size}px ${family}`;

// The text in lines, and each line in runs of one style: [{text, bold, tint, raised}, ...]. The number of its book
// follows a passage, raised.
function cardLines(branch, pen) {
  const room = CARD.width - 2 * CARD.margin;
  const styled = Array.from(visible(branch.recipe.prompt), (character) => ({ character, bold: true, tint: null }));
  branch.characters.forEach((character, place) => {
    const tint = branch.tints.find((one) => one.start <= place && place < one.end) ?? null;
    styled.push({ character: visible(character), bold: false, tint });
    if (tint?.end !== place + 1) return;
    for (const digit of numberOf(branch.facts, branch.spans[tint.span].sources[0].book)) {
      styled.push({ character: digit, bold: false, tint: null, raised: true });
    }
  });
  const lines = [];
  let line = [];
  let width = 0;
  const broken = () => {
    lines.push(line);
    line = [];
    width = 0;
  };
  for (const word of wordsOf(styled)) {
    if (word[0].character === "\n") {
      broken();
      continue;
    }
    const wide = widthOf(runsOf(word), pen);
    if (width + wide > room && line.length && !/\s/.test(word[0].character)) broken();
    // A word that is longer than a line is broken where the line ends.
    for (const piece of wide > room ? word.map((one) => [one]) : [word]) {
      const more = widthOf(runsOf(piece), pen);
      if (width + more > room && line.length && wide > room) broken();
      line.push(...piece);
      width += more;
    }
  }
  broken();
  return lines.map(runsOf);
}

// Words, blanks between them and line ends, each an array of styled characters.
function wordsOf(styled) {
  const words = [];
  let kind = null;
  for (const one of styled) {
    const now = one.character === "\n" ? "line" : /\s/.test(one.character) ? "blank" : "word";
    if (now !== kind || now === "line") words.push([]);
    words.at(-1).push(one);
    kind = now;
  }
  return words;
}

function runsOf(styled) {
  const runs = [];
  for (const { character, bold, tint, raised = false } of styled) {
    const last = runs.at(-1);
    if (last && last.bold === bold && last.tint === tint && last.raised === raised) last.text += character;
    else runs.push({ text: character, bold, tint, raised });
  }
  return runs;
}

function widthOf(runs, pen) {
  let width = 0;
  for (const run of runs) {
    pen.font = run.raised ? fontOf(false, CARD.small, SANS) : fontOf(run.bold);
    width += pen.measureText(run.text).width;
  }
  return width;
}

function drawLine(svg, line, y, { branch, paper, pen, direction }) {
  const rtl = direction === "rtl";
  let place = 0; // from the edge at which the line begins
  for (const run of line) {
    const width = widthOf([run], pen);
    const left = rtl ? CARD.width - CARD.margin - place - width : CARD.margin + place;
    if (run.tint && run.text.trim()) {
      const hue = hueOf(branch.hues, branch.spans[run.tint.span].sources[0].book);
      const [fill, under] = hue === "grey" ? ["--grey", "--lgrey"] : [`--${hue}`, `--l${hue.slice(1)}`];
      svg.append(svgElement("rect", { x: left, y: y - CARD.size, width, height: CARD.size + 8, rx: 3, fill: paper(fill) }));
      svg.append(svgElement("rect", { x: left, y: y + 5, width, height: 2, fill: paper(under) }));
    }
    const at = { x: rtl ? left + width : left, y, "font-family": SERIF, "font-size": CARD.size, fill: paper("--ink") };
    // The widths are those of this machine's letters: `textLength` keeps the words over their tints on every other.
    if (run.text.trim()) at.textLength = width;
    if (run.bold) at["font-weight"] = "bold";
    if (run.raised) Object.assign(at, { y: y - 8, "font-family": SANS, "font-size": CARD.small, fill: paper("--soft") });
    if (rtl) at.direction = "rtl";
    svg.append(svgElement("text", { ...at, "xml:space": "preserve" }, run.text));
    place += width;
  }
}

// The books, and what wrote this. Returns where the next line would be.
function drawFoot(svg, top, branch, paper, pen) {
  const rule = { x1: CARD.margin, x2: CARD.width - CARD.margin, y1: top - 12, y2: top - 12, stroke: paper("--rule") };
  svg.append(svgElement("line", rule));
  const at = { "font-family": SANS, "font-size": CARD.small, fill: paper("--soft") };
  let y = top + CARD.small;
  const write = (text, x = CARD.margin) => {
    svg.append(svgElement("text", { ...at, x, y }, fitted(text, pen, CARD.width - CARD.margin - x)));
  };
  const books = booksOf(branch);
  if (books.length) {
    write("Tinted words also stand in:");
    y += CARD.smallLine;
  }
  for (const { book } of books.slice(0, CARD.mostBooks)) {
    const hue = hueOf(branch.hues, book.id);
    svg.append(svgElement("rect", { x: CARD.margin, y: y - 15, width: 30, height: 20, rx: 4, fill: paper(hue === "grey" ? "--grey" : `--${hue}`) }));
    const number = { ...at, x: CARD.margin + 15, y, "text-anchor": "middle", fill: paper("--ink") };
    svg.append(svgElement("text", number, numberOf(branch.facts, book.id)));
    write(book.author ? `${book.title}, ${book.author}` : book.title, CARD.margin + 40);
    y += CARD.smallLine;
  }
  if (books.length > CARD.mostBooks) {
    write(`and ${books.length - CARD.mostBooks} more books`, CARD.margin + 40);
    y += CARD.smallLine;
  }
  y += 6;
  for (const line of madeBy(branch)) {
    write(line);
    y += CARD.smallLine;
  }
  return y;
}

// `text` without what would pass the edge.
function fitted(text, pen, room) {
  pen.font = fontOf(false, CARD.small, SANS);
  const characters = Array.from(visible(text).replace(/[\n\t]/g, " "));
  if (pen.measureText(characters.join("")).width <= room) return characters.join("");
  while (characters.length && pen.measureText(`${characters.join("")}…`).width > room) characters.pop();
  return `${characters.join("")}…`;
}
