// The pace at which a text appears. An engine may write hundreds of tokens in a second, too many to watch: so its events
// wait here, and a token comes onto the sheet when its time has come. Stopping is as if nothing more had been written.

const PACES = [["unhurried", "to watch it", 40], ["fast", "as fast as it can", Infinity]]; // tokens in a second
const WAITING = new Set(["token", "spans", "done"]);
const LATE = 100; // milliseconds that can be caught up with at once

function takeEvent(branch, event) {
  // What was written after a reader had stopped is not shown; its passages are, as far as the shown text goes.
  if (branch.stopping && event.type === "token") return;
  branch.queue.push(event);
}

// Hands the events whose time has come to `handle`. True if others are left.
function releaseEvents(branch, now, pace, handle) {
  while (branch.queue.length) {
    const event = branch.queue[0];
    // What a branch has from its parent is there already.
    const isNew = event.type === "token" && event.index >= branch.tokens.length;
    if (isNew && now < branch.due && pace !== Infinity) return true;
    if (isNew) branch.due = Math.max(branch.due, now - LATE) + 1000 / pace;
    branch.queue.shift();
    handle(event);
  }
  return false;
}

// Stops a text for its reader. True if the engine is still to be told.
function dropEvents(branch, handle) {
  const end = branch.queue.find((event) => event.type === "done");
  const spans = branch.queue.findLast((event) => event.type === "spans");
  branch.queue = [];
  branch.stopping = true;
  if (spans) handle(spans);
  if (end) handle({ ...end, reason: "stopped" });
  return !end;
}
