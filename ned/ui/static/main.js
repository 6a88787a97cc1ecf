// The page: which file is open, what is shown of it, and what is asked of the server.
import { get, post, remove, upload } from "./api.js";
import { beginControls, showPeople, showReferences } from "./controls.js";
import { $, left, make, say } from "./dom.js";
import { anyRuns, beginJobs, showJobs } from "./jobs.js";
import { addKey, changed, documentOf, forget, keyAt, open, removeKey, state } from "./model.js";
import { beginStage, mediaCame, showFile } from "./stage.js";
import { beginTimeline, haveCurves, loadCurves, redraw } from "./timeline.js";

let session = { files: [], jobs: [], limits: {} };
let wanted = null; // the id of the file that is shown, or looked at
let sending = null; // the upload under way
let polling = 0;
let [polls, newest] = [0, 0];

async function poll() {
  clearTimeout(polling);
  const mine = ++polls;
  try {
    const said = await get("/api/session");
    if (mine < newest) return; // whoever asked later was answered earlier, and polls on
    newest = mine;
    session = said;
    show();
  } catch (error) {
    say(error.status === 401 ? "This session is over. Open the address that `ned ui` printed." : "The page's server does not answer.", true);
  }
  clearTimeout(polling);
  const busy = anyRuns(session.jobs) || session.files.some((file) => file.state === "looking" || (file.state === "ready" && file.kind === "video" && (!file.media || !file.curves)));
  polling = setTimeout(poll, document.hidden ? 4000 : busy ? 400 : 2500);
}

function show() {
  const { files, jobs } = session;
  if (wanted && !files.some((file) => file.id === wanted)) wanted = null;
  if (!wanted) wanted = kept(files) ?? files.at(-1)?.id ?? null;
  const file = files.find((one) => one.id === wanted) || null;
  showPicker(files);
  showJobs(jobs, poll);
  const ready = file?.state === "ready" && !sending;
  $("drop").hidden = Boolean(file) || Boolean(sending);
  $("looking").hidden = ready || (!file && !sending);
  $("work").hidden = !ready;
  for (const id of ["add", "remove"]) $(id).hidden = !file || Boolean(sending);
  $("limits").textContent = `Up to ${(session.limits.upload / 1e9).toFixed(1)} GB. Files stay on this machine and are deleted ${session.limits.keep_hours} h after your last visit.`;
  if (!ready) { showLooking(file); return; }
  if (state.file?.id !== file.id) {
    open(file);
    document.body.classList.toggle("still", file.kind === "image");
    showPeople();
    showFile();
    if (file.kind === "video") loadCurves();
    changed("opened");
  } else {
    const before = state.file;
    state.file = file;
    if (file.media && !before.media) mediaCame();
    if (file.kind === "video" && file.curves && !haveCurves()) loadCurves();
  }
  showReferences(files);
}

function kept(files) {
  const id = localStorage.getItem("ned:file");
  return files.some((file) => file.id === id) ? id : null;
}

function want(id) {
  wanted = id;
  if (id) localStorage.setItem("ned:file", id);
  show();
}

function showPicker(files) {
  const key = files.map((file) => `${file.id}:${file.name}`).join();
  if ($("files").dataset.known !== key) {
    $("files").dataset.known = key;
    $("files").replaceChildren(...files.map((file) => make("option", { value: file.id }, file.name || "…")));
  }
  $("files").hidden = !files.length;
  $("files").value = wanted ?? "";
}

function showLooking(file) {
  const bar = $("looking-bar");
  if (sending) {
    $("looking-text").textContent = `Copying ${sending.name}`;
    bar.max = sending.total || 1;
    bar.value = sending.done;
    return;
  }
  if (!file) return;
  if (file.state === "uploading") {
    $("looking-text").textContent = "Another tab is copying a file …";
    $("looking-stop").textContent = "Stop";
    bar.hidden = false;
    bar.removeAttribute("value");
    return;
  }
  if (file.state === "failed") {
    $("looking-text").textContent = `${file.name}: ${file.error}`;
    $("looking-stop").textContent = "Remove it";
    bar.hidden = true;
    return;
  }
  bar.hidden = false;
  $("looking-stop").textContent = "Stop";
  const seconds = (performance.now() - (looked.get(file.id) ?? looked.set(file.id, performance.now()).get(file.id))) / 1000;
  const rest = file.total && file.done > 20 ? `, ${left((file.total - file.done) * seconds / file.done)}` : "";
  $("looking-text").textContent = `Looking for people in ${file.name}${file.total ? `: ${file.done} of ${file.total} frames${rest}` : " …"}`;
  if (file.total) { bar.max = file.total; bar.value = file.done; } else bar.removeAttribute("value");
}
const looked = new Map();

async function send(file, show_it = true) {
  if (sending) { say("One file is being copied already."); return null; }
  if (file.size > session.limits.upload) { say(`${file.name} is larger than ${(session.limits.upload / 1e9).toFixed(1)} GB.`); return null; }
  const { done, stop } = upload(file, (now, total) => { if (sending) { sending.done = now; sending.total = total; if (show_it) show(); } });
  sending = { name: file.name, done: 0, total: file.size, stop };
  if (show_it) show();
  try {
    const made = await done;
    sending = null;
    await poll();
    if (show_it) want(made.id);
    say("");
    return made;
  } catch (error) {
    sending = null;
    if (error.name !== "AbortError") say(error.message);
    show();
    return null;
  }
}

function pick(work) {
  $("picker").value = "";
  $("picker").onchange = () => { if ($("picker").files[0]) work($("picker").files[0]); };
  $("picker").click();
}

async function copy(what) {
  const wish = documentOf();
  if (!wish) { say("Choose an emotion first."); return; }
  try {
    const said = await (await post(`/api/files/${state.file.id}/copy`, { document: wish })).json();
    const yaml = what === "yaml";
    $("copied-title").textContent = yaml ? "As YAML" : "As a command";
    $("copied-text").value = yaml ? said.yaml : said.command;
    $("copied-note").textContent = yaml ? `Save it, and run: ned process VIDEO --config FILE` : "It reads the page's own copy of the file; put your path in its place.";
    if (state.file.kind === "image" && yaml) $("copied-note").textContent = "The options of ned still, one a line.";
    $("copied").showModal();
    $("copied-text").select();
    await navigator.clipboard?.writeText($("copied-text").value).catch(() => {});
  } catch (error) { say(error.message); }
}

async function run() {
  const wish = documentOf();
  if (!wish) { say("Choose an emotion first."); return; }
  $("run").disabled = true;
  try {
    await post(`/api/files/${state.file.id}/jobs`, { document: wish });
    say("");
  } catch (error) { say(error.message); }
  $("run").disabled = false;
  poll();
}

async function removeFile() {
  const id = wanted;
  try {
    if (sending) { sending.stop(); return; }
    await remove(`/api/files/${id}`);
    forget(id);
    state.file = null;
    wanted = null;
  } catch (error) { say(error.message); }
  poll();
}

function begin() {
  beginStage();
  beginTimeline();
  beginControls();
  beginJobs();
  for (const id of ["choose", "add"]) $(id).onclick = () => pick(send);
  $("picker").onchange = () => { if ($("picker").files[0]) send($("picker").files[0]); };
  $("reference-add").onclick = () => pick((file) => send(file, false));
  $("files").onchange = () => want($("files").value);
  $("looking-stop").onclick = removeFile;
  $("remove").onclick = removeFile;
  $("leave").onclick = async () => {
    if (!confirm("Delete all files, results and jobs of this browser?")) return;
    try { await remove("/api/session"); } catch (error) { say(`Not everything was deleted: ${error.message}`); poll(); return; }
    localStorage.clear();
    say("Everything was deleted. Open the address that `ned ui` printed to begin anew.", true);
    clearTimeout(polling);
    for (const id of ["work", "jobs-panel", "looking", "drop"]) $(id).hidden = true;
  };
  $("key-add").onclick = addKey;
  $("key-remove").onclick = () => { for (const person of state.chosen) { const key = keyAt(person); if (key) removeKey(person, key); } };
  $("run").onclick = run;
  $("copy-command").onclick = () => copy("command");
  $("copy-yaml").onclick = () => copy("yaml");
  document.addEventListener("dragover", (event) => { event.preventDefault(); $("zone").classList.add("over"); });
  document.addEventListener("dragleave", () => $("zone").classList.remove("over"));
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    $("zone").classList.remove("over");
    if (event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
  });
  document.addEventListener("visibilitychange", () => { if (!document.hidden) poll(); });
  window.addEventListener("resize", () => redraw());
  poll();
}

begin();
