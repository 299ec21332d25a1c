// The same engine behind the addresses of a server: node scripted_server.js PAGE SCRIPT... prints its port, one SCRIPT (a
// file of JSON, see scripted_engine.js) for each model. A model's script may have `busy`: so many requests are refused.
"use strict";
const fs = require("node:fs");
const http = require("node:http");
const path = require("node:path");
const vm = require("node:vm");

const [, , page, ...scripts] = process.argv;
vm.runInThisContext(fs.readFileSync(path.join(__dirname, "scripted_engine.js"), "utf-8"));

const listeners = new Map(); // id -> what to do with its events
const models = scripts.map((file) => {
  const json = fs.readFileSync(file, "utf-8");
  const script = JSON.parse(json);
  let facts = null;
  const engine = globalThis.scriptedEngine((event) => (event.type === "ready" ? (facts = event.facts) : listeners.get(event.id)?.(event)));
  engine.receive({ type: "open", blocks: { script: json } });
  return { engine, facts, busy: script.busy ?? 0, token: script.token ?? "" };
});
const modelOf = (name) => models.find(({ facts }) => facts.name === name) ?? models[0];
let lastId = 0;

const sendJson = (response, status, body, headers = {}) => {
  response.writeHead(status, { "content-type": "application/json", ...headers });
  response.end(JSON.stringify(body));
};

function ask(response, model, message) {
  const id = (lastId += 1);
  listeners.set(id, (event) => sendJson(response, event.type === "error" ? 404 : 200, event));
  model.engine.receive({ ...message, id });
}

function write(request, response) {
  let body = "";
  request.on("data", (part) => { body += part; });
  request.on("end", () => {
    const message = JSON.parse(body);
    const model = modelOf(message.model);
    if (model.busy > 0) {
      model.busy -= 1;
      return sendJson(response, 503, { detail: "busy" }, { "retry-after": "2" });
    }
    const id = (lastId += 1);
    response.writeHead(200, { "content-type": "text/event-stream" });
    response.write(": a comment\n\n");
    listeners.set(id, ({ type, ...data }) => {
      response.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`);
      if (type === "done") response.end();
    });
    response.on("close", () => model.engine.receive({ type: "stop", id }));
    return model.engine.receive({ ...message, type: "write", id });
  });
}

const server = http.createServer((request, response) => {
  const { pathname, searchParams } = new URL(request.url, "http://localhost");
  const values = Object.fromEntries(searchParams);
  const { token } = models[0];
  if (pathname === "/") {
    response.writeHead(200, { "content-type": "text/html; charset=utf-8" });
    return response.end(fs.readFileSync(page));
  }
  if (token && request.headers.authorization !== `Bearer ${token}`) return sendJson(response, 401, { detail: "This server asks for a token." });
  if (pathname === "/api/facts") return sendJson(response, 200, { models: models.map(({ facts }) => facts) });
  if (pathname === "/api/passage") return ask(response, modelOf(values.model), { ...values, type: "passage", start: Number(values.start), end: Number(values.end) });
  if (pathname === "/api/line") return ask(response, modelOf(values.model), { type: "line" });
  if (pathname === "/api/write") return write(request, response);
  return sendJson(response, 404, { detail: "not here" });
});
server.listen(Number(process.env.PORT ?? 0), "127.0.0.1", () => console.log(server.address().port));
