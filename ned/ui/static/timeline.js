// Keyframes over time, a lane for each person, with loudness and the opening of the jaw under them.
import { get } from "./api.js";
import { $, clock, drags, draw } from "./dom.js";
import { COLOURS, MAX_INTENSITY, changed, describe, keyAt, keysOf, onChange, removeKey, round, state } from "./model.js";
import { setTime } from "./stage.js";

const LANE = 46;
const CURVES = 54;
const RULER = 16;
const LEFT = 26;
let curves = null;
let width = 600;

export async function loadCurves() {
  const { id } = state.file;
  curves = null;
  if (state.file.curves) {
    const found = await get(`/api/files/${id}/curves`).catch(() => null);
    if (state.file.id === id) curves = found;
  }
  redraw();
}

export const haveCurves = () => curves !== null;
const x = (time) => LEFT + (width - LEFT - 8) * Math.min(1, time / state.file.facts.duration);
const timeOf = (event) => {
  const box = $("timeline").getBoundingClientRect();
  return Math.max(0, (event.clientX - box.left - LEFT) / (width - LEFT - 8)) * state.file.facts.duration;
};

// How strong each keyframe is over time, as `ned` blends them: a change begins at its keyframe and eases in and out.
function level(keys, time) {
  let value = 0;
  keys.forEach((key, k) => {
    let share = key.transition > 0 ? Math.min(1, Math.max(0, (time - key.time) / key.transition)) : Number(time >= key.time);
    share = share * share * (3 - 2 * share);
    if (k === 0 && key.time <= 1e-6) share = 1;
    const aim = key.style === "original" ? 0 : key.intensity;
    value += share * (aim - value);
  });
  return value;
}

export function redraw(focused = null) {
  if (!state.file || state.file.kind !== "video") return;
  width = Math.max(240, $("timeline").clientWidth);
  const people = state.file.facts.people.slice(0, 12).map((person) => person.number);
  const height = RULER + people.length * (LANE + 4) + CURVES;
  const svg = draw("svg", { viewBox: `0 0 ${width} ${height}`, height, role: "group", "aria-label": "Keyframes" });
  drawRuler(svg, height);
  people.forEach((person, row) => drawLane(svg, person, RULER + row * (LANE + 4)));
  drawCurves(svg, height - CURVES + 4);
  svg.append(draw("line", { class: "head", id: "playhead", x1: x(state.time), x2: x(state.time), y1: 0, y2: height }));
  $("timeline").replaceChildren(svg);
  if (focused) svg.querySelector(`[data-key="${focused}"]`)?.focus();
}

function drawRuler(svg, height) {
  const { duration, shots } = state.file.facts;
  const step = [0.5, 1, 2, 5, 10, 30, 60, 300, 600].find((s) => duration / s <= width / 60) || 1800;
  const back = draw("rect", { x: LEFT, y: 0, width: width - LEFT, height, fill: "transparent" });
  drags(back, (event) => { setTime(timeOf(event)); return (next) => setTime(timeOf(next)); });
  svg.append(back);
  for (let t = 0; x(t) < width - 28 && t <= duration; t += step) svg.append(draw("text", { x: x(t), y: 11 }, step < 1 ? t.toFixed(1) : clock(t).slice(0, -3)));
  for (const t of shots) svg.append(draw("line", { class: "shot", x1: x(t), x2: x(t), y1: RULER, y2: height }));
}

function drawLane(svg, person, top) {
  const keys = keysOf(person);
  const chosen = state.chosen.has(person);
  svg.append(draw("rect", { class: chosen ? "lane on" : "lane", x: LEFT, y: top, width: width - LEFT - 8, height: LANE, rx: 5, "pointer-events": "none" }));
  svg.append(draw("text", { x: 8, y: top + LANE / 2 + 4 }, String(person)));
  const y = (value) => top + LANE - 6 - (LANE - 12) * Math.min(1, value / MAX_INTENSITY);
  keys.forEach((key, k) => {
    const end = keys[k + 1]?.time ?? state.file.facts.duration;
    const points = [];
    for (let i = 0; i <= 24; i++) {
      const t = key.time + (end - key.time) * (i / 24) ** 2;
      points.push(`${x(t).toFixed(1)},${y(level(keys, Math.min(t, end - 1e-6))).toFixed(1)}`);
    }
    const area = `${x(key.time)},${top + LANE - 6} ${points.join(" ")} ${x(end)},${top + LANE - 6}`;
    const colour = COLOURS[key.style];
    svg.append(draw("polygon", { class: "level", points: area, fill: colour, stroke: colour, "pointer-events": "none" }));
    if (x(end) - x(key.time) > 60) svg.append(draw("text", { x: x(key.time) + 11, y: top + 13, "pointer-events": "none" }, describe(key)));
  });
  keys.forEach((key, k) => drawKey(svg, person, key, k, top, y));
}

function drawKey(svg, person, key, k, top, y) {
  const name = `${person}-${k}`;
  const height = key.style === "original" ? 0 : key.intensity;
  if (key.time > 0) {
    const ramp = draw("circle", { class: "ramp", cx: x(key.time + key.transition), cy: top + LANE - 6, r: 5, "data-ramp": name });
    drags(ramp, () => (event) => { key.transition = round(Math.min(10, Math.max(0, timeOf(event) - key.time))); changed("edit"); });
    svg.append(ramp);
  }
  const [cx, cy] = [x(key.time), y(height)];
  const node = draw("g", {
    class: keyAt(person) === key && state.chosen.has(person) ? "key on" : "key", tabindex: 0, role: "slider", "data-key": name,
    "aria-label": `Person ${person}, ${describe(key)}, keyframe`, "aria-valuemin": 0, "aria-valuemax": state.file.facts.duration,
    "aria-valuenow": key.time, "aria-valuetext": `${key.time} s, intensity ${key.intensity}, transition ${key.transition} s`,
  }, draw("path", { d: `M${cx - 8} ${cy}L${cx} ${cy - 8}L${cx + 8} ${cy}L${cx} ${cy + 8}Z`, fill: COLOURS[key.style] }));
  drags(node, (first) => {
    pick(person, key);
    const from = { time: timeOf(first), y: first.clientY, key: { ...key } };
    return (event) => {
      move(person, key, from.key.time + timeOf(event) - from.time);
      const lift = (from.y - event.clientY) / (LANE - 12) * MAX_INTENSITY;
      if (key.style !== "original" && Math.abs(from.y - event.clientY) > 4) key.intensity = round(Math.round(20 * Math.min(MAX_INTENSITY, Math.max(0, from.key.intensity + lift))) / 20);
      state.time = key.time;
      $("time").value = state.time;
      changed("edit");
    };
  });
  node.addEventListener("keydown", (event) => {
    const frame = 1 / state.file.facts.rate;
    if (event.key === "Delete" || event.key === "Backspace") removeKey(person, key);
    else if (event.key === "Enter" || event.key === " ") pick(person, key);
    else if (event.key === "ArrowRight" || event.key === "ArrowLeft") move(person, key, key.time + (event.key === "ArrowRight" ? 1 : -1) * frame * (event.shiftKey ? 10 : 1));
    else if (event.key === "ArrowUp" || event.key === "ArrowDown") key.intensity = round(Math.min(MAX_INTENSITY, Math.max(0, key.intensity + (event.key === "ArrowUp" ? 0.05 : -0.05))));
    else if (event.key === "+" || event.key === "-") key.transition = round(Math.min(10, Math.max(0, key.transition + (event.key === "+" ? 0.1 : -0.1))));
    else return;
    event.preventDefault();
    changed("edit");
    redraw(`${person}-${keysOf(person).indexOf(key)}`);
  });
  svg.append(node);
}

// Between its neighbours, at least a frame apart; a first one at 0 is there from the beginning.
function move(person, key, time) {
  const keys = keysOf(person);
  const k = keys.indexOf(key);
  const frame = 1 / state.file.facts.rate;
  const low = k > 0 ? keys[k - 1].time + frame : 0;
  const high = (k + 1 < keys.length ? keys[k + 1].time : state.file.facts.duration) - frame;
  key.time = round(Math.min(Math.max(time, low), Math.max(low, high)));
}

function pick(person, key) {
  state.chosen = new Set([person]);
  setTime(key.time);
  changed("chosen");
}

function drawCurves(svg, top) {
  if (!curves) {
    svg.append(draw("text", { x: LEFT, y: top + 28 }, "speech is being measured …"));
    return;
  }
  const at = (k) => LEFT + (width - LEFT - 8) * (k / (curves.points - 1));
  const y = (value) => top + (CURVES - 8) * (1 - value);
  if (curves.loudness.length) {
    const points = curves.loudness.map((value, k) => `${at(k).toFixed(1)},${y(value).toFixed(1)}`);
    svg.append(draw("polygon", { class: "loud", points: `${LEFT},${y(0)} ${points.join(" ")} ${at(curves.points - 1)},${y(0)}`, "pointer-events": "none" }));
  }
  const person = [...state.chosen][0] ?? state.file.facts.people[0]?.number;
  let path = "";
  (curves.jaw[person] || []).forEach((value, k, all) => {
    if (value === null) return;
    path += `${k && all[k - 1] !== null ? "L" : "M"}${at(k).toFixed(1)} ${y(value).toFixed(1)}`;
  });
  svg.append(draw("path", { class: "jaw", d: path || "M0 0", "pointer-events": "none" }));
}

export function beginTimeline() {
  new ResizeObserver(() => { if ($("timeline").clientWidth !== width) redraw(); }).observe($("timeline"));
  onChange((what) => {
    const head = $("playhead");
    if (what === "playing" && head) for (const end of ["x1", "x2"]) head.setAttribute(end, x(state.time));
    else redraw(document.activeElement?.dataset?.key);
  });
}
