// People, emotions, intensity, the plane of valence and arousal, reference clips.
import { $, drags, draw, make } from "./dom.js";
import { COLOURS, EMOTIONS, changed, describe, editKeys, keyAt, keysOf, onChange, round, state } from "./model.js";

const NAMES = [["happy", 0.76, 0.42], ["surprised", 0.2, 0.8], ["angry", -0.52, 0.7], ["fear", -0.74, 0.48], ["sad", -0.75, -0.42], ["relaxed", 0.68, -0.5], ["tired", -0.1, -0.8]];

export function showPeople() {
  const { facts, id, kind } = state.file;
  const cards = facts.people.map((person) => {
    const box = make("input", {
      type: kind === "image" ? "radio" : "checkbox", name: "person", value: person.number, "aria-label": `Person ${person.number}`,
      onchange: (event) => {
        if (kind === "image") state.chosen = new Set([person.number]);
        else if (event.target.checked) state.chosen.add(person.number);
        else state.chosen.delete(person.number);
        changed("chosen");
      },
    });
    const seen = kind === "video" ? ` · ${Math.round(100 * person.share)} %${person.speaks ? " · speaks" : ""}` : "";
    return make("label", { class: "person" }, make("img", { src: `/api/files/${id}/faces/${person.number}`, alt: "" }), box,
      make("span", { class: "what" }, make("b", {}, String(person.number)), seen), make("span", { class: "what", "data-person": person.number }));
  });
  if (kind === "image" && facts.people.length) {
    const all = make("input", { type: "radio", name: "person", value: "all", onchange: () => { state.chosen = new Set(["all"]); changed("chosen"); } });
    cards.unshift(make("label", { class: "person" }, make("img", { src: `/api/files/${id}/frame`, alt: "" }), all, make("span", { class: "what" }, make("b", {}, "all")), make("span", { class: "what", "data-person": "all" })));
  }
  $("people").replaceChildren(...(cards.length ? cards : [make("p", { class: "soft" }, "No face was found. Faces must be about 60 pixels wide or more.")]));
  showControls();
}

const shown = () => { const person = [...state.chosen][0]; return person === undefined ? null : keyAt(person); };

export function showControls() {
  if (!state.file) return;
  for (const box of document.querySelectorAll("#people input")) box.checked = state.chosen.has(box.value === "all" ? "all" : Number(box.value));
  for (const span of document.querySelectorAll("[data-person]")) {
    const person = span.dataset.person === "all" ? "all" : Number(span.dataset.person);
    const keys = keysOf(person);
    span.textContent = keys.length > 1 ? `${keys.length} keyframes` : describe(keys[0]);
  }
  const key = shown();
  const nobody = state.chosen.size === 0;
  $("whom").textContent = nobody ? "choose a person" : state.file.kind === "video" ? `of ${[...state.chosen].sort().join(", ")}, from ${(key?.time ?? 0).toFixed(2)} s` : "";
  for (const button of document.querySelectorAll("#emotions button")) {
    button.setAttribute("aria-pressed", String((key?.style ?? "original") === button.dataset.style));
    button.disabled = nobody;
  }
  for (const id of ["intensity", "transition", "run", "copy-command", "copy-yaml"]) $(id).disabled = nobody && !state.people.size;
  $("intensity").value = key?.intensity ?? 1;
  $("intensity-said").textContent = `${Math.round(100 * (key?.intensity ?? 1))} %`;
  $("transition").value = key?.transition ?? 0.8;
  $("transition").disabled = !key || key.time === 0;
  $("transition-said").textContent = `${(key?.transition ?? 0.8).toFixed(1)} s`;
  $("reference").value = key?.style === "reference" ? key.reference : "";
  $("renderer").value = state.renderer;
  $("quality").value = state.quality;
  $("renderer-note").hidden = state.renderer !== "neural";
  drawPad(key);
}

export function showReferences(files) {
  const clips = files.filter((file) => file.kind === "video" && file.state === "ready" && file.facts.people.length && file.id !== state.file?.id);
  const known = clips.map((file) => `${file.id}:${file.name}`).join("|");
  if ($("reference").dataset.known === known) return;
  $("reference").dataset.known = known;
  $("reference").replaceChildren(make("option", { value: "" }, clips.length ? "none" : "no other clip yet"), ...clips.map((file) => make("option", { value: file.id }, file.name)));
  showControls();
}

function setStyle(style, more = {}) {
  editKeys((key) => { delete key.place; delete key.reference; Object.assign(key, { style, ...more }); if (style !== "original" && key.intensity === 0) key.intensity = 1; });
}

function drawPad(key) {
  const place = key?.style === "va" ? key.place : null;
  const svg = draw("svg", {
    viewBox: "-1.28 -1.22 2.56 2.44", tabindex: 0, role: "slider", "aria-label": "Valence and arousal", "aria-valuemin": -1, "aria-valuemax": 1, "aria-valuenow": place ? place[0] : 0,
    "aria-valuetext": place ? `valence ${place[0]}, arousal ${place[1]}` : "not used",
  });
  svg.append(draw("circle", { class: "disc", r: 1, "stroke-width": 0.012 }), draw("line", { x1: -1, x2: 1, "stroke-width": 0.01 }), draw("line", { y1: -1, y2: 1, "stroke-width": 0.01 }));
  const text = (x, y, said, anchor = "middle", size = 0.1) => svg.append(draw("text", { x, y, "text-anchor": anchor, style: { "font-size": `${size}px` } }, said));
  text(0, -1.07, "excited");
  text(0, 1.16, "calm");
  text(0.96, -0.05, "pleased", "end");
  text(-0.96, -0.05, "displeased", "start");
  for (const [name, valence, arousal] of NAMES) text(valence * 0.86, -arousal * 0.86, name, "middle", 0.085);
  svg.append(draw("circle", { class: place ? "dot" : "dot off", cx: place ? place[0] : 0, cy: place ? -place[1] : 0, r: 0.075, style: { "stroke-width": "0.025px" } }));
  const set = (valence, arousal) => {
    const size = Math.max(1, Math.hypot(valence, arousal) * 1.0001);
    setStyle("va", { place: [round(valence / size), round(arousal / size)] });
  };
  drags(svg, (first) => {
    if (!state.chosen.size) return null;
    const move = (event) => {
      const box = $("pad").querySelector("svg").getBoundingClientRect();
      set((event.clientX - box.left) / box.width * 2.56 - 1.28, -((event.clientY - box.top) / box.height * 2.44 - 1.22));
    };
    move(first);
    return move;
  });
  svg.addEventListener("keydown", (event) => {
    const step = { ArrowRight: [0.05, 0], ArrowLeft: [-0.05, 0], ArrowUp: [0, 0.05], ArrowDown: [0, -0.05] }[event.key];
    if (!step || !state.chosen.size) return;
    event.preventDefault();
    const from = place || [0, 0];
    set(from[0] + step[0], from[1] + step[1]);
  });
  const focused = $("pad").contains(document.activeElement);
  $("pad").replaceChildren(svg);
  if (focused) svg.focus();
}

export function beginControls() {
  $("emotions").replaceChildren(...["original", ...EMOTIONS].map((style) => make("button", {
    type: "button", "data-style": style, "aria-pressed": "false", style: { "--of": COLOURS[style] }, onclick: () => setStyle(style),
  }, style === "original" ? "as it is" : style)));
  $("intensity").oninput = () => editKeys((key) => { key.intensity = Number($("intensity").value); });
  $("transition").oninput = () => editKeys((key) => { key.transition = Number($("transition").value); });
  $("reference").onchange = () => { if ($("reference").value) setStyle("reference", { reference: $("reference").value }); else setStyle("original"); };
  $("renderer").onchange = () => { state.renderer = $("renderer").value; changed("options"); };
  $("quality").onchange = () => { state.quality = $("quality").value; changed("options"); };
  onChange((what) => { if (what !== "playing") showControls(); });
}
