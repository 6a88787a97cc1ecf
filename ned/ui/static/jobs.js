// The list of jobs, and their results beside the originals.
import { post, remove } from "./api.js";
import { $, left, make, say } from "./dom.js";

const RUNNING = ["waiting", "running"];
const STATES = { waiting: "waits for its turn", running: "running", done: "done", failed: "failed", cancelled: "cancelled; nothing of it is left", interrupted: "was broken off" };
const rows = new Map(); // by the job's id its row, and what was shown in it

export const anyRuns = (jobs) => jobs.some((job) => RUNNING.includes(job.state));

export function showJobs(jobs, again) {
  $("jobs-panel").hidden = !jobs.length;
  for (const id of rows.keys()) if (!jobs.some((job) => job.id === id)) rows.delete(id);
  const focused = document.activeElement?.dataset?.act;
  const nodes = jobs.map((job) => row(job, again));
  if (nodes.length !== $("jobs").children.length || nodes.some((node, k) => node !== $("jobs").children[k])) $("jobs").replaceChildren(...nodes);
  if (focused && document.activeElement?.dataset?.act !== focused) document.querySelector(`[data-act="${focused}"]`)?.focus();
}

// Progress changes some times a second; buttons are left alone meanwhile, or a press would be lost with the button.
function row(job, again) {
  const shown = rows.get(job.id) ?? { node: make("li", { class: "job", "data-job": job.id }, make("span", { class: "title" }), make("span", { class: "acts" }), make("div", { class: "said" })) };
  rows.set(job.id, shown);
  const [title, acts, said] = shown.node.children;
  const what = JSON.stringify([job.state, job.cancelling, job.report, job.output]);
  if (shown.what !== what) {
    shown.what = what;
    shown.node.dataset.state = job.state;
    title.textContent = job.output;
    acts.replaceChildren(...actsOf(job, again));
  }
  const now = JSON.stringify([job.state, job.stages, job.error, job.notes, job.began, job.ended]);
  if (shown.now !== now) {
    shown.now = now;
    said.replaceChildren(...saidOf(job));
  }
  return shown.node;
}

function actsOf(job, again) {
  const act = (name, what, work) => make("button", {
    type: "button", "data-act": `${what}-${job.id}`, onclick: async (event) => {
      const { dataset } = event.currentTarget; // not disabled, which would take the focus away
      if (dataset.busy) return;
      dataset.busy = "1";
      try { await work(); } catch (error) { say(error.message); } finally { delete dataset.busy; }
      again();
    },
  }, name);
  const to = `/api/jobs/${job.id}`;
  const acts = [];
  if (RUNNING.includes(job.state)) acts.push(act(job.cancelling ? "Cancelling …" : "Cancel", "cancel", () => post(`${to}/cancel`)));
  if (job.state === "interrupted") acts.push(act("Go on", "resume", () => post(`${to}/resume`)), act("Cancel", "cancel", () => post(`${to}/cancel`)));
  if (job.state === "done") {
    acts.push(act("Watch", "watch", () => watch(job)), make("a", { class: "button", href: `${to}/result`, download: true, "data-act": `save-${job.id}` }, "Download"));
    if (job.report) acts.push(make("a", { class: "button", href: `${to}/report`, target: "_blank" }, "Report"));
  }
  if (!RUNNING.includes(job.state)) acts.push(act("Remove", "remove", () => remove(to)));
  return acts;
}

function saidOf(job) {
  if (job.state === "running") return progress(job);
  const parts = [make("span", { class: job.error ? "small bad" : "small soft" }, job.error ? `failed: ${job.error}` : spent(job))];
  if (job.state === "done" && job.notes?.length) parts.push(make("span", { class: "small soft" }, job.notes.join("; ")));
  return parts;
}

function spent(job) {
  const said = STATES[job.state] || job.state;
  return job.state === "done" && job.began ? `${said} in ${(job.ended - job.began).toFixed(1)} s` : said;
}

function progress(job) {
  const stage = job.stages.at(-1);
  if (!stage) return [make("progress"), make("span", { class: "small soft" }, "begins")];
  const bar = stage.total && !stage.over ? make("progress", { max: stage.total, value: stage.done }) : make("progress");
  const names = job.stages.map((one) => {
    const now = one === stage && !one.over;
    const rest = now && one.total && one.done ? `, ${left((one.total - one.done) * one.seconds / one.done)}` : "";
    const count = now && one.total ? ` ${one.done}/${one.total}${rest}` : one.over ? ` ${one.seconds.toFixed(1)} s` : "";
    return make("span", { class: now ? "now" : "" }, one.name + count);
  });
  return [bar, make("span", { class: "stages" }, ...names)];
}

function watch(job) {
  const still = job.kind === "image";
  const one = (src, caption) => make("figure", {}, still ? make("img", { src, alt: caption }) : make("video", { src, playsinline: true, preload: "auto" }), make("figcaption", {}, caption));
  $("watch-title").textContent = job.output;
  const original = still ? `/api/files/${job.file}/frame` : `/api/files/${job.file}/media`;
  $("pair").replaceChildren(one(original, "original"), one(`/api/jobs/${job.id}/watch`, "edited"));
  $("watch-save").href = `/api/jobs/${job.id}/result`;
  $("watch-report").href = `/api/jobs/${job.id}/report`;
  $("watch-report").hidden = !job.report;
  $("watch-play").closest(".row").hidden = still;
  if (!still) together(...$("pair").querySelectorAll("video"));
  $("watch").showModal();
}

// Two players as one: the edited one leads, the original is muted and follows.
function together(follower, leader) {
  follower.muted = true;
  const [play, time] = [$("watch-play"), $("watch-time")];
  const both = (what) => { for (const video of [leader, follower]) what(video); };
  play.onclick = () => { if (leader.paused) both((video) => video.play().catch(() => {})); else both((video) => video.pause()); };
  leader.onplay = leader.onpause = () => { play.textContent = leader.paused ? "Play" : "Pause"; };
  leader.onended = () => follower.pause();
  leader.onloadedmetadata = () => { time.max = leader.duration; time.value = 0; };
  leader.ontimeupdate = () => {
    time.value = leader.currentTime;
    if (Math.abs(follower.currentTime - leader.currentTime) > 0.08) follower.currentTime = leader.currentTime;
  };
  time.oninput = () => both((video) => { video.currentTime = Number(time.value); });
}

export function beginJobs() {
  $("watch").addEventListener("close", () => $("pair").replaceChildren());
}
