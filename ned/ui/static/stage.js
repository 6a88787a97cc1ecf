// The image: one frame with a wipe, two seconds in a loop, or the original as it plays.
import { image, post } from "./api.js";
import { $, clock, drags, say } from "./dom.js";
import { changed, documentOf, onChange, state } from "./model.js";

let view = "frame";
let running = false;
let again = false;
let shownTime = null;
let looping = null;

export function showFile() {
  const { facts, id, kind, media } = state.file;
  $("view").style.setProperty("aspect-ratio", `${facts.width} / ${facts.height}`);
  $("view").style.setProperty("--aspect", facts.width / facts.height);
  shownTime = null;
  if (kind === "video") {
    $("time").max = Math.max(0, facts.duration - 1 / facts.rate);
    $("time").value = state.time;
    $("original").removeAttribute("src");
    if (media) $("original").src = `/api/files/${id}/media`;
  }
  choose("frame");
  refresh();
}

export function mediaCame() {
  if (!$("original").getAttribute("src")) $("original").src = `/api/files/${state.file.id}/media`;
}

function choose(next) {
  view = next;
  for (const name of ["frame", "loop", "original"]) $(`tab-${name}`).setAttribute("aria-selected", String(name === view));
  for (const [id, of] of [["before", "frame"], ["loop-before", "loop"], ["loop-after", "loop"], ["original", "original"]]) $(id).hidden = of !== view;
  $("wipe-row").hidden = view === "original";
  if (view !== "loop") stopLoop();
  if (view !== "original") $("original").pause();
  showTags();
}

function showTags() {
  const edited = view === "loop" ? Boolean($("loop-after").getAttribute("src")) : view === "frame" && Boolean(documentOf()) && Boolean($("after").getAttribute("src"));
  $("after").hidden = view !== "frame" || !edited;
  $("seam").hidden = !edited;
  $("tag-after").hidden = !edited;
  $("tag-before").hidden = view === "original";
  $("tag-before").textContent = edited ? "before" : "original";
}

function put(node, url) {
  const old = node.getAttribute("src");
  return new Promise((resolve) => {
    node.onload = node.onerror = () => { if (old?.startsWith("blob:")) URL.revokeObjectURL(old); resolve(); };
    node.src = url;
  });
}

function clear(node) {
  const old = node.getAttribute("src");
  node.removeAttribute("src");
  if (old?.startsWith("blob:")) URL.revokeObjectURL(old);
}

// At most one request is under way; what changed meanwhile is asked for next, once.
export async function refresh() {
  if (view !== "frame" || !state.file) return;
  if (running) { again = true; return; }
  running = true;
  $("busy").textContent = "…";
  const { id } = state.file;
  try {
    do {
      again = false;
      const time = state.time;
      const began = performance.now();
      if (shownTime !== time) {
        const { url } = await image(`/api/files/${id}/frame?time=${time}`);
        if (state.file?.id !== id) { URL.revokeObjectURL(url); return; }
        await put($("before"), url);
        if (state.file?.id !== id) return;
        shownTime = time;
      }
      const wish = documentOf();
      if (wish) {
        const { url, frame } = await image(`/api/files/${id}/preview`, { document: wish, time });
        if (state.file?.id !== id) { URL.revokeObjectURL(url); return; }
        await put($("after"), url);
        $("view").dataset.frame = frame;
      } else clear($("after"));
      $("view").dataset.seconds = ((performance.now() - began) / 1000).toFixed(3);
      say("");
      showTags();
    } while (again);
    $("view").dataset.shown = String(Number($("view").dataset.shown || 0) + 1);
  } catch (error) {
    if (state.file?.id !== id) return;
    clear($("after"));
    showTags();
    say(error.message);
  } finally {
    running = false;
    $("busy").textContent = "";
    if (again) refresh();
  }
}

function stopLoop() {
  delete $("view").dataset.loop;
  looping?.abort();
  looping = null;
  for (const id of ["loop-before", "loop-after"]) { $(id).pause(); $(id).removeAttribute("src"); $(id).load(); }
}

async function playLoop() {
  const wish = documentOf();
  choose("loop");
  stopLoop();
  if (!wish) { say("Choose an emotion first."); choose("frame"); return; }
  looping = new AbortController();
  const mine = looping;
  $("busy").textContent = "rendering two seconds …";
  try {
    const made = await (await post(`/api/files/${state.file.id}/loop`, { document: wish, time: state.time }, mine.signal)).json();
    if (mine !== looping) return;
    const [before, after] = [$("loop-before"), $("loop-after")];
    before.src = `/api/files/${state.file.id}/looks/${made.before}`;
    after.src = `/api/files/${state.file.id}/looks/${made.after}`;
    const ready = (video) => new Promise((resolve, reject) => {
      video.oncanplaythrough = resolve;
      video.onerror = () => reject(new Error("The two seconds cannot be played."));
      video.preload = "auto"; // with less a browser need not load so much that it says it can play through
      video.load();
    });
    await Promise.all([ready(before), ready(after)]);
    after.muted = false;
    const both = () => { before.currentTime = after.currentTime = 0; before.play(); after.play().catch(() => { after.muted = true; after.play(); }); };
    after.onended = both;
    both();
    $("view").dataset.loop = "plays";
    showTags();
  } catch (error) {
    if (mine === looping && error.name !== "AbortError") { say(error.message); choose("frame"); }
  } finally {
    if (mine === looping) $("busy").textContent = "";
  }
}

export function setTime(time) {
  const last = Number($("time").max);
  state.time = Math.min(Math.max(0, time), last);
  $("time").value = state.time;
  changed("time");
}

function setWipe(percent) {
  $("wipe").value = percent;
  $("view").style.setProperty("--wipe", `${percent}%`);
}

export function beginStage() {
  $("tab-frame").onclick = () => { choose("frame"); refresh(); };
  $("tab-loop").onclick = playLoop;
  $("tab-original").onclick = () => { choose("original"); if (!state.file.media) say("A copy that this browser can play is being made."); $("original").currentTime = state.time; };
  document.querySelector('[role="tablist"]').addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const tabs = [...document.querySelectorAll('[role="tab"]')].filter((tab) => tab.offsetParent);
    const next = tabs[(tabs.indexOf(document.activeElement) + step + tabs.length) % tabs.length];
    next.focus();
    event.preventDefault();
  });
  $("wipe").oninput = () => setWipe($("wipe").value);
  drags($("view"), (first) => {
    if (view === "original" || !state.file) return null;
    const move = (event) => {
      const box = $("view").getBoundingClientRect();
      setWipe(Math.min(100, Math.max(0, 100 * (event.clientX - box.left) / box.width)));
    };
    move(first);
    return move;
  });
  $("time").oninput = () => setTime(Number($("time").value));
  $("time").onkeydown = (event) => {
    const frames = { ArrowRight: 1, ArrowLeft: -1, PageUp: 25, PageDown: -25 }[event.key];
    if (!frames) return;
    setTime(state.time + frames / state.file.facts.rate);
    event.preventDefault();
  };
  $("original").ontimeupdate = () => { if (view === "original" && !$("original").seeking) { state.time = $("original").currentTime; $("time").value = state.time; changed("playing"); } };
  onChange((what) => {
    if (state.file) $("clock").textContent = clock(state.time);
    if (what === "time" && view === "original") $("original").currentTime = state.time;
    if (what === "edit" && view === "loop") choose("frame");
    if (what === "time" || what === "edit" || what === "chosen") refresh();
  });
}
