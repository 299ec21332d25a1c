// The two engines. Both take the messages and send the events of one protocol:
//
//   page -> engine   {type: "write", id, model, prompt, settings, forced}   {type: "stop", id}
//                    {type: "passage", id, model, book, start, end}         {type: "line", id, model}
//   engine -> page   {type: "ready", facts} or {type: "ready", models: [facts with `name`, ...]}
//                    {type: "token", ...} {type: "spans", ...} {type: "done", ...} {type: "passage", ...}
//                    {type: "line", id, book, text, start}: a line of some book, to begin with
//                    {type: "error", id, message}; `retry`: it may work next time; `fatal`: nothing works any more;
//                    `locked`: the server asks for a token
//
// Each function takes a listener for the events, and returns {send}. Several texts can be written at the same time.

// A worker of the browser that holds the model. Its program and its data stand in the page.
function workerEngine(listener) {
  const fail = (message) => listener({ type: "error", message, fatal: true });
  let worker = null;
  try {
    const program = new Blob([$("worker-program").textContent], { type: "text/javascript" });
    worker = new Worker(URL.createObjectURL(program));
  } catch (error) {
    fail(`This browser does not let the page compute in the background (${error.message}).`);
    return { send() {} };
  }
  worker.onerror = (event) => {
    event.preventDefault();
    fail(`The model stopped working: ${event.message || "its program did not start"}. Load the page again.`);
  };
  worker.onmessage = ({ data }) => listener(data);
  const blocks = {};
  for (const block of document.querySelectorAll("script[data-block]")) {
    blocks[block.dataset.block] = block.textContent;
    block.remove(); // the worker has it now; megabytes of text would stay in the document
  }
  worker.postMessage({ type: "open", blocks });
  return { send: (message) => worker.postMessage(message) };
}

// The server that the page came from. A text is one request, answered by a stream of events; to leave it is to stop.
function serverEngine(listener) {
  const running = new Map(); // id -> AbortController
  let token = ""; // for a server that asks for one; it is in memory only
  const headers = () => (token ? { authorization: `Bearer ${token}` } : {});
  const address = (path, values = {}) => {
    const known = Object.entries(values).filter(([, value]) => value !== undefined);
    return known.length ? `${path}?${new URLSearchParams(known)}` : path;
  };
  const ask = async (id, path, options, read) => {
    try {
      const response = await fetch(path, { ...options, headers: { ...options.headers, ...headers() } });
      if (response.ok) await read(response);
      else listener({ type: "error", id, ...(await refusal(response)) });
    } catch (error) {
      if (error.name === "AbortError") return;
      const message = "The server does not answer. It may have been stopped, or the network is gone.";
      listener({ type: "error", id, message, retry: true });
    }
  };
  const get = (id, path, read) => ask(id, path, {}, async (response) => read(await response.json()));
  const openAll = () => get(undefined, "api/facts", ({ models }) => listener({ type: "ready", models }));
  const write = async ({ type, id, ...body }) => {
    const controller = new AbortController();
    const headers = { "content-type": "application/json", accept: "text/event-stream" };
    const options = { method: "POST", body: JSON.stringify(body), headers, signal: controller.signal };
    let ended = false;
    running.set(id, controller);
    await ask(id, "api/write", options, async (response) => {
      for await (const event of serverEvents(response.body)) {
        ended ||= event.type === "done" || event.type === "error";
        listener({ ...event, id });
      }
      if (!ended) listener({ type: "error", id, message: "The server broke off in the middle of the text.", retry: true });
    });
    running.delete(id);
  };
  const send = (message) => {
    const { type, id, ...values } = message;
    if (type === "write") write(message);
    if (type === "stop" && running.has(id)) {
      running.get(id).abort();
      running.delete(id);
      listener({ type: "done", id, reason: "stopped" });
    }
    if (type === "passage") get(id, address("api/passage", values), (found) => listener({ ...found, type, id }));
    if (type === "line") get(id, address("api/line", values), (found) => listener({ ...found, type, id }));
    if (type === "open") openAll();
    if (type === "token") token = message.token;
  };
  openAll();
  return { send };
}

// What a response that is not OK says: {message, retry, locked}. A server's message is a string, or {message: string}.
async function refusal(response) {
  const { status } = response;
  let told = "";
  try {
    const body = await response.json();
    const detail = body.detail ?? body.message ?? body.error?.message ?? "";
    told = typeof detail === "string" ? detail : "";
  } catch {
    // No JSON: the number has to do.
  }
  const wait = Number(response.headers.get("retry-after")) || 0;
  const busy = status === 503 || status === 429;
  const words = {
    401: "This server asks for a token.",
    429: "These were many texts in a short time.",
    503: "The server is busy: all places are taken.",
  };
  const message = busy && wait ? `${words[status]} Try again in ${wait} seconds.` : told || words[status];
  return {
    message: message || `The server answered with an error (${status}).`,
    retry: busy || status >= 500,
    locked: status === 401,
  };
}

// The events of a stream of server-sent events: "event:" names the type, "data:" has the rest as JSON.
async function* serverEvents(body) {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  for (;;) {
    const { done, value } = await reader.read();
    text += done ? decoder.decode() : decoder.decode(value, { stream: true });
    const events = text.split(/\r?\n\r?\n/);
    text = events.pop(); // the last one is not complete yet
    for (const event of events) {
      const read = serverEvent(event);
      if (read) yield read;
    }
    if (done) return;
  }
}

function serverEvent(text) {
  let type = "message";
  const data = [];
  for (const line of text.split(/\r?\n/)) {
    if (line.startsWith("event:")) type = line.slice(6).trim();
    if (line.startsWith("data:")) data.push(line.slice(5));
  }
  if (!data.length) return null; // a comment, which keeps the connection alive
  return { ...JSON.parse(data.join("\n")), type };
}
