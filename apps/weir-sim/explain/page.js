"use strict";
const story = JSON.parse(document.getElementById("story").textContent);
const byId = (id) => document.getElementById(id);
const AXIS = 92, PAD = 26, STRIP = 96, EPOCH = 20, LANE_MIN = 190;
const IMPORTANT = new Set(["violation", "fault", "machine", "told", "log"]);
const FOLDED = new Set(["disk", "timer"]);
const events = new Map(story.events.map((event) => [event.n + event.k, event]));
const byNumber = new Map();
for (const event of story.events) {
  if (event.k !== "log" && event.k !== "operation") byNumber.set(event.n, event);
}
const state = {zoom: 1, causal: false, linear: false, noise: false, strip: "", chosen: null,
               query: "", hits: [], hit: -1};
let rows = [], places = new Map(), lanes = [], height = 0;

function quoted(text) {
  return String(text).replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
}
function seconds(ns) {
  return (ns / 1e9).toFixed(6);
}
function keyOf(event) {
  return event.n + event.k;
}
function isCausal(event) {
  return event.c !== undefined;
}
function isShown(event) {
  if (isCausal(event) || event.k === "violation") return true;
  if (state.causal) return event.k === "fault" || event.k === "machine";
  return state.noise || !FOLDED.has(event.k);
}

// --- where everything is ---------------------------------------------------------------------

function gapBetween(before, after) {
  const us = Math.max(0, (after.t - before.t) / 1000);
  if (state.linear) return us * 0.02 * state.zoom;
  return (5 + Math.min(34, 4 * Math.log2(1 + us / 20))) * state.zoom;
}
function placeRows() {
  rows = story.events.filter(isShown);
  places = new Map();
  let y = PAD;
  rows.forEach((event, i) => {
    if (i > 0) y += gapBetween(rows[i - 1], event);
    places.set(keyOf(event), y);
  });
  height = y + 60;
}
function yOf(event) {
  return places.get(keyOf(event));
}
// Of any time, between the events around it.
function yAt(t) {
  if (rows.length === 0) return PAD;
  let low = 0, high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (rows[middle].t <= t) low = middle + 1; else high = middle;
  }
  if (low === 0) return 6;
  const y = yOf(rows[low - 1]);
  if (low === rows.length) return t > rows[low - 1].t ? y + 30 : y;
  const from = rows[low - 1].t, to = rows[low].t;
  return to > from ? y + (yOf(rows[low]) - y) * (t - from) / (to - from) : y;
}
function stripOf(lane) {
  const of = story.strips.filter((strip) => strip.lane === lane);
  return of.find((strip) => partition(strip) === state.strip) || null;
}
function partition(strip) {
  const name = strip.log.slice(strip.log.lastIndexOf("/") + 1);
  const dot = name.lastIndexOf(".");
  return dot > 0 ? name.slice(0, dot) : name;
}
// A lane with a strip has it to the left of its line.
function placeLanes(width) {
  const strips = story.lanes.map((_, i) => stripOf(i) ? STRIP : 0);
  const free = width - AXIS - strips.reduce((sum, strip) => sum + strip, 0);
  const room = Math.max(LANE_MIN, free / story.lanes.length);
  let left = AXIS;
  lanes = strips.map((strip) => {
    const lane = {left, x: left + strip + 12, right: left + strip + room};
    left = lane.right;
    return lane;
  });
}
function laneX(lane) {
  return lanes[lane].x;
}

// --- drawing ---------------------------------------------------------------------------------

function timeMarks() {
  let last = -100;
  return rows.filter((event) => {
    if (yOf(event) - last < 34) return false;
    last = yOf(event);
    return true;
  });
}
function drawGrid(width) {
  return timeMarks().map((event) => `<line class="axis-line" x1="${AXIS}" x2="${width}" ` +
    `y1="${yOf(event)}" y2="${yOf(event)}"/>`).join("");
}
function drawAxis() {
  return `<rect class="axis-back" x="0" y="0" width="${AXIS - 8}" height="${height}"/>` +
    timeMarks().map((event) => `<text class="axis" x="${AXIS - 16}" y="${yOf(event) + 3}" ` +
      `text-anchor="end">${seconds(event.t)} s</text>`).join("");
}
function drawLanes() {
  return story.lanes.map((lane, i) => {
    const x = laneX(i), checks = i === story.lanes.length - 1;
    let out = `<g class="lane" data-lane="${quoted(lane.name)}">`;
    out += `<line class="${checks ? "up" : "down"}" x1="${x}" x2="${x}" y1="0" ` +
      `y2="${height}"/>`;
    for (const [from, to] of lane.lives) {
      out += `<line class="up" x1="${x}" x2="${x}" y1="${yAt(from)}" y2="${yAt(to)}"/>`;
    }
    return out + "</g>";
  }).join("");
}
function drawFaults() {
  let out = "";
  for (const fault of story.faults) {
    const both = fault.peer >= 0 ? [fault.lane, fault.peer] : [fault.lane];
    const y = yAt(fault.from), bottom = Math.max(yAt(fault.to), y + 4);
    for (const lane of both) {
      out += `<g class="fault-band"><rect class="band" x="${laneX(lane) - 9}" y="${y}" ` +
        `width="${lanes[lane].right - laneX(lane) - 4}" height="${bottom - y}" rx="3"><title>` +
        `${quoted(fault.text)}, ${seconds(fault.from)} s to ${seconds(fault.to)} s</title>` +
        "</rect>";
      if (bottom - y > 40) {
        out += `<text class="band-text" text-anchor="end" x="${lanes[lane].right - 18}" ` +
          `y="${y + 11}">${quoted(fault.kind)}</text>`;
      }
      out += "</g>";
    }
  }
  return out;
}
function drawMessages() {
  let plain = "", causal = "";
  for (const event of rows) {
    if (event.k !== "send") continue;
    const x = laneX(event.l), y = yOf(event);
    const arrival = event.p === undefined ? null : byNumber.get(event.p);
    if (!arrival || !places.has(keyOf(arrival))) {
      if (/never arrive/.test(event.x)) {
        plain += `<path class="message lost" d="M${x},${y}l26,14m-4,-6l8,8m0,-8l-8,8"/>`;
      }
      continue;
    }
    const toX = laneX(arrival.l), toY = yOf(arrival);
    const end = toX > x ? toX - 5 : toX + 5;
    const on = isCausal(event) && isCausal(arrival) && arrival.c === event.n;
    const path = `<path class="message${on ? " causal" : ""}" data-send="${event.n}" ` +
      `marker-end="url(#${on ? "tip-causal" : "tip-plain"})" d="M${x},${y}L${end},${toY}"/>`;
    if (on) causal += path; else plain += path;
  }
  return plain + causal;
}
// From each event of the causal past to the one before it, where no message is drawn.
function drawLinks() {
  let out = "";
  for (const event of rows) {
    const cause = event.c ? byNumber.get(event.c) : null;
    if (!cause || !places.has(keyOf(cause)) || cause.p === event.n) continue;
    const x = laneX(cause.l), y = yOf(cause), toX = laneX(event.l), toY = yOf(event);
    out += `<path class="link causal" d="M${x},${y}L${toX},${toY}"/>`;
  }
  return out;
}
function drawEvents() {
  const hits = new Set(state.hits.map(keyOf));
  let out = "";
  for (const event of rows) {
    const classes = ["event", event.k];
    if (isCausal(event)) classes.push("causal");
    if (hits.has(keyOf(event))) classes.push("hit");
    if (state.chosen === keyOf(event)) classes.push("chosen");
    const x = laneX(event.l), y = yOf(event), at = `data-key="${keyOf(event)}"`;
    if (event.k === "violation") {
      out += `<path class="${classes.join(" ")}" ${at} d="M${x - 8},${y}l8,-8l8,8l-8,8z"/>`;
    } else if (event.k === "machine" || event.k === "fault") {
      out += `<rect class="${classes.join(" ")}" ${at} x="${x - 5}" y="${y - 5}" width="10" ` +
        `height="10" rx="2"/>`;
    } else {
      out += `<circle class="${classes.join(" ")}" ${at} cx="${x}" cy="${y}" ` +
        `r="${isCausal(event) ? 5 : 3.6}"/>`;
    }
  }
  return out;
}
// The arrows tell who sends and gets.
function shortText(event) {
  return event.x.replace(/^sends (.*?) to [^ ]+, (.*)$/, "\u2197 $1, $2")
    .replace(/^gets (.*) from [^ ]+$/, "\u2198 $1").replace(/, (\d+) bytes$/, ", $1 B");
}
// A name where there is room for it; those that matter come first.
function drawLabels() {
  const taken = story.lanes.map(() => new Map());
  let out = "";
  const put = (event) => {
    const y = yOf(event), lane = taken[event.l], bucket = Math.floor(y / 12);
    for (const near of [bucket - 1, bucket, bucket + 1]) {
      if (lane.has(near) && Math.abs(lane.get(near) - y) < 12) return;
    }
    lane.set(bucket, y);
    const isEnd = event.k === "violation", bold = isCausal(event);
    const size = isEnd ? 110
      : Math.floor((lanes[event.l].right - laneX(event.l) - 24) / (bold ? 6.5 : 5.9));
    const label = shortText(event);
    const text = label.length > size ? label.slice(0, size - 1) + "…" : label;
    out += `<text class="label ${event.k}${bold ? " causal" : ""}" ` +
      `x="${laneX(event.l) + (isEnd ? -14 : 10)}" y="${y + (isEnd ? 24 : 4)}" ` +
      `text-anchor="${isEnd ? "end" : "start"}">${quoted(text)}</text>`;
  };
  rows.filter(isCausal).forEach(put);
  rows.filter((event) => !isCausal(event) && IMPORTANT.has(event.k)).forEach(put);
  rows.filter((event) => !isCausal(event) && !IMPORTANT.has(event.k)).forEach(put);
  return out;
}
// While its process runs, from each change of epoch or role on: filled where it leads. The epoch is
// written where there is room.
function drawEpochs(strip) {
  const x = lanes[strip.lane].left - 3, lives = story.lanes[strip.lane].lives;
  const same = (one, other) => one[4] === other[4] && one[5] === other[5];
  const changes = strip.points.filter((point, i) => i === 0 || !same(point, strip.points[i - 1]));
  let out = "", free = -20;
  changes.forEach((point, i) => {
    if (point[4] < 0) return;
    const until = i + 1 < changes.length ? changes[i + 1][0] : Infinity;
    for (const [from, to] of lives) {
      const begin = Math.max(from, point[0]), end = Math.min(to, until);
      if (begin >= end) continue;
      const y = yAt(begin), bottom = Math.max(yAt(end), y + 2);
      out += `<rect class="epoch${point[5] ? " leads" : ""}" data-epoch="${point[4]}" x="${x}" ` +
        `y="${y.toFixed(1)}" width="${EPOCH - 4}" height="${(bottom - y).toFixed(1)}"/>`;
      for (let at = Math.max(y, free); bottom - at >= 11; at += 400) {
        out += `<text class="epoch-text${point[5] ? " leads" : ""}" x="${x + (EPOCH - 4) / 2}" ` +
          `y="${(at + 9).toFixed(1)}" text-anchor="middle">${point[4]}</text>`;
        free = at + 11;
      }
    }
  });
  return out;
}
function drawStrip(lane) {
  const strip = stripOf(lane);
  if (!strip) return "";
  const x = lanes[lane].left + EPOCH, width = STRIP - EPOCH - 16;
  const low = Math.min(...strip.points.map((point) => point[1]));
  const high = Math.max(...strip.points.map((point) => point[3]), low + 1);
  const xOf = (value) => (x + (value - low) / (high - low) * width).toFixed(1);
  let out = `<g class="strip"><rect class="strip-back" data-strip="${lane}" x="${x - EPOCH - 3}" ` +
    `y="0" width="${EPOCH + width + 6}" height="${height}"/>${drawEpochs(strip)}`;
  [["leo", 3], ["committed", 2], ["log_start", 1]].forEach(([name, i]) => {
    let path = "", before = null;
    for (const point of strip.points) {
      const y = yAt(point[0]).toFixed(1);
      path += before === null ? `M${xOf(point[i])},${y}` : `V${y}H${xOf(point[i])}`;
      before = point;
    }
    out += `<path class="${name}" d="${path}V${height}"/>`;
  });
  let last = -20;
  for (const point of strip.points) {
    const y = yAt(point[0]);
    if (y - last < 22) continue;
    last = y;
    out += `<text class="value" x="${x}" y="${y + 9}">${point[2]} / ${point[3]}</text>`;
  }
  return out + "</g>";
}
function draw() {
  const view = byId("view");
  placeLanes(view.clientWidth - 2);
  const width = lanes[lanes.length - 1].right;
  placeRows();
  const marker = (id, colour) => `<marker id="${id}" viewBox="0 0 8 8" refX="7" refY="4" ` +
    `markerUnits="userSpaceOnUse" markerWidth="8" markerHeight="8" orient="auto">` +
    `<path d="M0,0L8,4L0,8z" fill="${colour}"/></marker>`;
  const chart = byId("chart");
  chart.setAttribute("width", width);
  chart.setAttribute("height", height);
  chart.innerHTML = `<defs>${marker("tip-plain", "#9fb3c8")}${marker("tip-causal", "#d9480f")}` +
    `</defs>${drawGrid(width)}${story.lanes.map((_, i) => drawStrip(i)).join("")}` +
    `${drawFaults()}${drawLanes()}${drawMessages()}${drawLinks()}${drawEvents()}${drawLabels()}` +
    `<g id="axis">${drawAxis()}</g>`;
  byId("lanes").innerHTML = story.lanes.map((lane, i) => {
    const note = stripOf(i) ? quoted(state.strip) : "";
    return `<span>${quoted(lane.name)}<small>${note}</small></span>`;
  }).join("");
  follow();
}
// Names and times stay in sight.
function follow() {
  const left = byId("view").scrollLeft;
  byId("lanes").querySelectorAll("span").forEach((span, i) => {
    span.style.left = laneX(i) - 8 - left + "px";
  });
  byId("axis").setAttribute("transform", `translate(${left},0)`);
}

// --- lists -----------------------------------------------------------------------------------

function item(event, time, lane, text, kind) {
  const key = event ? ` data-key="${keyOf(event)}"` : "";
  return `<li class="${kind}"${key} title="${quoted(text)}"><span class="time">${seconds(time)}` +
    `</span><span class="lane">${quoted(lane)}</span><span class="text">${quoted(text)}` +
    "</span></li>";
}
function eventItem(event) {
  return item(event, event.t, story.lanes[event.l].name, event.x, event.k);
}
function list(title, items, id) {
  return items.length === 0 ? "" : `<h2>${title}</h2><ol id="${id}">${items.join("")}</ol>`;
}
function fillHead() {
  const first = story.violations[0];
  const badge = `<span class="badge${first ? " failed" : ""}">${quoted(story.verdict)}</span>`;
  const more = story.violations.slice(1).map((other) =>
    `<p class="run">then ${quoted(other.id)} ${quoted(other.name)}: ${quoted(other.text)}</p>`);
  byId("head").innerHTML = first
    ? `<h1>${badge}<span id="invariant">${quoted(first.id)} ${quoted(first.name)}</span></h1>` +
      `<p class="statement">${quoted(first.statement)}</p>` +
      `<p class="what">${quoted(first.text)}</p>${more.slice(0, 2).join("")}`
    : `<h1>${badge}Nothing was violated</h1>`;
  const where = first ? `violated at ${seconds(first.time)} s, event ${first.event}; ` : "";
  byId("head").innerHTML += `<p class="run">${quoted(story.scenario)}, seed ${story.seed}; ` +
    `${where}${story.events_total} events in ${seconds(story.end)} s, ` +
    `${story.left_out} not shown; again: <code>${quoted(story.command)}</code></p>`;
  document.title = `${story.scenario} seed ${story.seed}: ${first ? first.id : story.verdict}`;
}
function fillLists() {
  const past = story.events.filter(isCausal);
  const logs = story.events.filter((event) => event.k === "log");
  const faults = story.faults.map((fault) => {
    const event = story.events.find((other) => other.k === "fault" && other.t === fault.from);
    const lasts = fault.to > fault.from ? `, ${((fault.to - fault.from) / 1e9).toFixed(3)} s` : "";
    return item(event, fault.from, story.lanes[fault.lane].name, fault.text + lasts, "fault");
  });
  byId("lists").innerHTML = list("How it came about", past.map(eventItem), "past") +
    list("Waiting at the end", story.waiting.map((wait) =>
      item(null, wait.time, "", wait.text, "waiting")), "waiting") +
    list("Faults", faults, "faults") + list("Warnings", logs.map(eventItem), "logs");
}
function fillLegend() {
  const dot = (colour, text) => `<span><i style="width:9px;height:9px;border-radius:5px;` +
    `background:${colour}"></i>${text}</span>`;
  const bar = (colour, text) => `<span><i style="width:16px;height:3px;background:${colour}">` +
    `</i>${text}</span>`;
  const box = (colour, text) => `<span><i style="width:11px;height:11px;background:${colour}">` +
    `</i>${text}</span>`;
  byId("legend").innerHTML = bar("#d9480f", "causal past") + bar("#b7c5d3", "message") +
    bar("#9aa5b1", "start") + bar("#1f7a45", "committed (HW)") + bar("#7fb3e6", "end (LEO)") +
    box("#6b46c1", "epoch: leads") + box("#ddd3f3", "epoch: does not") +
    dot("#829ab1", "sent, arrived") + dot("#2f855a", "client told") +
    dot("#3182ce", "operation") + dot("#1f2933", "machine") + dot("#f6ad55", "fault");
}
function fillStrips() {
  const names = [...new Set(story.strips.map(partition))].sort();
  const named = story.strips.find((strip) => strip.named);
  const busy = story.strips.reduce((best, strip) =>
    best && best.points.length >= strip.points.length ? best : strip, null);
  state.strip = named || busy ? partition(named || busy) : "";
  byId("log").innerHTML = names.map((name) => `<option${name === state.strip ? " selected" : ""}>` +
    `${quoted(name)}</option>`).join("");
  byId("strips").style.display = names.length === 0 ? "none" : "";
}

// --- using it --------------------------------------------------------------------------------

function choose(key) {
  const event = events.get(key);
  if (!event) return;
  if (!isShown(event)) {
    state.causal = byId("causal").checked = false;
    state.noise = byId("noise").checked = state.noise || FOLDED.has(event.k);
  }
  state.chosen = key;
  draw();
  const view = byId("view");
  view.scrollTop = yOf(event) - view.clientHeight / 2;
  view.scrollLeft = Math.max(0, lanes[event.l].right - view.clientWidth);
  for (const entry of document.querySelectorAll("#lists li")) {
    entry.classList.toggle("chosen", entry.dataset.key === key);
  }
}
function search(query) {
  state.query = query.trim().toLowerCase();
  state.hits = state.query === "" ? [] : story.events.filter((event) =>
    event.x.toLowerCase().includes(state.query) || String(event.n) === state.query);
  state.hit = -1;
  byId("hits").textContent = state.query === "" ? "" : `${state.hits.length} found`;
  document.body.dataset.hits = state.hits.length;
  if (state.hits.length > 0) step(-1); else draw();
}
function step(by) {
  if (state.hits.length === 0) return;
  state.hit = state.hit < 0 ? state.hits.length - 1
    : (state.hit + by + state.hits.length) % state.hits.length;
  byId("hits").textContent = `${state.hit + 1} of ${state.hits.length}`;
  choose(keyOf(state.hits[state.hit]));
}
function zoom(factor, clientY) {
  const view = byId("view"), box = view.getBoundingClientRect();
  const offset = clientY === undefined ? view.clientHeight / 2 : clientY - box.top;
  const share = (view.scrollTop + offset) / height;
  state.zoom = factor === 0 ? 1 : Math.min(20, Math.max(0.05, state.zoom * factor));
  draw();
  view.scrollTop = share * height - offset;
}
function toggle(id) {
  byId(id).addEventListener("change", (change) => {
    const view = byId("view"), share = (view.scrollTop + view.clientHeight / 2) / height;
    state[id] = change.target.checked;
    draw();
    view.scrollTop = share * height - view.clientHeight / 2;
    if (state.chosen && places.has(state.chosen)) choose(state.chosen);
  });
}
function showTip(mouse) {
  const key = mouse.target.dataset ? mouse.target.dataset.key : undefined;
  const tip = byId("tip");
  const event = key ? events.get(key) : undefined;
  const strip = mouse.target.dataset ? mouse.target.dataset.strip : undefined;
  if (strip !== undefined) {
    showTipText(mouse, positionText(Number(strip), mouse.offsetY));
    return;
  }
  if (!event) {
    tip.style.display = "none";
    return;
  }
  const other = event.p ? byNumber.get(event.p) : null;
  const lines = [event.x, `${story.lanes[event.l].name}, ${seconds(event.t)} s, event ${event.n}`];
  if (other) {
    const us = Math.abs(other.t - event.t) / 1000;
    lines.push(`${event.k === "send" ? "arrives as" : "sent as"} event ${other.n}, ` +
               `${us.toFixed(0)} us on the way`);
  }
  if (isCausal(event)) lines.push("part of the causal past of the violation");
  showTipText(mouse, lines.join("\n"));
}
function positionText(lane, y) {
  const strip = stripOf(lane);
  const last = strip.points.filter((point) => yAt(point[0]) <= y).pop();
  return last ? `${partition(strip)} on ${story.lanes[lane].name}\nstart ${last[1]}, committed ` +
    `(HW) ${last[2]}, end (LEO) ${last[3]}${epochText(last)}\nsince ${seconds(last[0])} s`
    : "not yet opened, or from before the first event shown";
}
function epochText(point) {
  return point[4] < 0 ? "" : `\nepoch ${point[4]}, ${point[5] ? "leads" : "does not lead"}`;
}
function showTipText(mouse, text) {
  const tip = byId("tip");
  tip.textContent = text;
  tip.style.display = "block";
  tip.style.left = Math.min(mouse.clientX + 14, innerWidth - tip.offsetWidth - 8) + "px";
  tip.style.top = Math.min(mouse.clientY + 14, innerHeight - tip.offsetHeight - 8) + "px";
}
function drag() {
  const view = byId("view");
  let from = null;
  view.addEventListener("mousedown", (down) => {
    from = {x: down.clientX + view.scrollLeft, y: down.clientY + view.scrollTop};
    view.classList.add("dragging");
  });
  addEventListener("mousemove", (move) => {
    if (!from) return;
    view.scrollLeft = from.x - move.clientX;
    view.scrollTop = from.y - move.clientY;
  });
  addEventListener("mouseup", () => {
    from = null;
    view.classList.remove("dragging");
  });
}
function listen() {
  byId("search").addEventListener("input", (input) => search(input.target.value));
  byId("search").addEventListener("keydown", (key) => {
    if (key.key === "Enter") step(key.shiftKey ? -1 : 1);
  });
  byId("next").addEventListener("click", () => step(1));
  byId("previous").addEventListener("click", () => step(-1));
  byId("in").addEventListener("click", () => zoom(1.5));
  byId("out").addEventListener("click", () => zoom(1 / 1.5));
  byId("fit").addEventListener("click", () => zoom(0));
  ["causal", "linear", "noise"].forEach(toggle);
  byId("log").addEventListener("change", (change) => {
    state.strip = change.target.value;
    draw();
  });
  byId("view").addEventListener("wheel", (wheel) => {
    if (!wheel.ctrlKey && !wheel.metaKey) return;
    wheel.preventDefault();
    zoom(Math.exp(-wheel.deltaY / 300), wheel.clientY);
  }, {passive: false});
  byId("view").addEventListener("scroll", follow);
  byId("chart").addEventListener("mousemove", showTip);
  byId("chart").addEventListener("mouseleave", () => { byId("tip").style.display = "none"; });
  byId("chart").addEventListener("click", (click) => {
    if (click.target.dataset.key) choose(click.target.dataset.key);
  });
  byId("lists").addEventListener("click", (click) => {
    const entry = click.target.closest("li");
    if (entry && entry.dataset.key) choose(entry.dataset.key);
  });
  addEventListener("keydown", (key) => {
    if (key.target.tagName === "INPUT" && key.target.type === "search") return;
    if (key.key === "/") { key.preventDefault(); byId("search").focus(); }
    if (key.key === "+") zoom(1.5);
    if (key.key === "-") zoom(1 / 1.5);
    if (key.key === "0") zoom(0);
  });
  addEventListener("resize", draw);
  drag();
}
function start() {
  fillHead();
  fillLists();
  fillLegend();
  fillStrips();
  listen();
  draw();
  const violation = story.events.find((event) => event.k === "violation");
  if (violation) choose(keyOf(violation)); else byId("view").scrollTop = height;
  // page.html#q=Produce opens with that search.
  const asked = new URLSearchParams(location.hash.slice(1)).get("q");
  if (asked) {
    byId("search").value = asked;
    search(asked);
  }
  document.body.dataset.ready = "yes";
}
start();
