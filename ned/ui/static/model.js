// What is asked for: of each person some keyframes. Kept by the browser, so that a tab that comes back finds it.
export const EMOTIONS = ["neutral", "happy", "sad", "angry", "fear", "disgusted", "surprised"];
export const COLOURS = {
  original: "#8a8a93", neutral: "#64748b", happy: "#d99a00", sad: "#3b77c2", angry: "#c8382c", fear: "#7c4dbd",
  disgusted: "#5b8c2a", surprised: "#d1568f", va: "#128a83", reference: "#8a5a2b",
};
export const MAX_INTENSITY = 1.5;

export const state = { file: null, people: new Map(), chosen: new Set(), time: 0, renderer: "auto", quality: "good" };
const listeners = [];

export function onChange(listener) { listeners.push(listener); }

export function changed(what) {
  save();
  for (const listener of listeners) listener(what);
}

export function open(file) {
  state.file = file;
  state.people = new Map();
  state.time = 0;
  const numbers = file.facts.people.map((person) => person.number);
  state.chosen = new Set(numbers.length ? [file.kind === "image" ? "all" : numbers[0]] : []);
  try {
    const kept = JSON.parse(localStorage.getItem(`ned:${file.id}`) || "null");
    if (kept) {
      state.people = new Map(kept.people);
      state.chosen = new Set(kept.chosen);
      state.time = kept.time || 0;
      state.renderer = kept.renderer;
      state.quality = kept.quality;
    }
  } catch { /* begins anew */ }
}

function save() {
  if (!state.file) return;
  const kept = { people: [...state.people], chosen: [...state.chosen], time: state.time, renderer: state.renderer, quality: state.quality };
  try { localStorage.setItem(`ned:${state.file.id}`, JSON.stringify(kept)); } catch { /* full or forbidden */ }
}

export function forget(id) { try { localStorage.removeItem(`ned:${id}`); } catch { /* forbidden */ } }

export const keysOf = (person) => state.people.get(person) || [];

// The keyframe that rules at a time, if any.
export function keyAt(person, time = state.time) {
  return keysOf(person).filter((key) => key.time <= time + 1e-6).at(-1) || null;
}

// Of all people that are chosen the keyframe under the playhead, made where there is none.
export function editKeys(change) {
  for (const person of state.chosen) {
    let key = keyAt(person);
    if (!key) {
      key = { time: 0, style: "happy", intensity: 1, transition: 0.8 };
      state.people.set(person, [key, ...keysOf(person)]);
    }
    change(key);
  }
  changed("edit");
}

export function addKey() {
  for (const person of state.chosen) {
    const key = keyAt(person);
    if (key && Math.abs(key.time - state.time) < 0.04) continue;
    const next = { style: "original", intensity: 1, transition: 0.8, ...structuredClone(key || {}), time: round(state.time) };
    if (!key && !keysOf(person).length && state.time > 0) next.style = "happy";
    state.people.set(person, [...keysOf(person), next].sort((a, b) => a.time - b.time));
  }
  changed("edit");
}

export function removeKey(person, key) {
  const rest = keysOf(person).filter((other) => other !== key);
  if (rest.length) state.people.set(person, rest); else state.people.delete(person);
  changed("edit");
}

export const round = (value) => Math.round(value * 1000) / 1000;

export function describe(key) {
  if (!key) return "as it is";
  const what = key.style === "va" ? `va ${key.place[0].toFixed(2)}, ${key.place[1].toFixed(2)}` : key.style === "reference" ? "like a clip" : key.style;
  return key.style === "original" ? "as it is" : `${what} ${Math.round(key.intensity * 100)} %`;
}

// As the server takes it.
export function documentOf() {
  if (state.file.kind === "image") {
    const person = [...state.chosen][0];
    const key = keyAt(person);
    if (!key || key.style === "original") return null;
    const place = key.style === "va" ? { valence: key.place[0], arousal: key.place[1] } : { emotion: key.style };
    return { ...place, intensity: key.intensity, person };
  }
  const timeline = [];
  for (const [person, keys] of state.people) {
    for (const key of keys) {
      const entry = { person, time: key.time, intensity: key.intensity, transition: key.transition };
      if (key.style === "reference") entry.reference = key.reference;
      else entry.emotion = key.style === "va" ? `va(${key.place[0]},${key.place[1]})` : key.style;
      timeline.push(entry);
    }
  }
  return timeline.length ? { timeline, renderer: state.renderer, quality: state.quality } : null;
}
