// Requests to the page's own server; nothing else is ever asked.
const own = { "x-ned": "1" };

async function checked(answer) {
  if (answer.ok) return answer;
  let said = "";
  try { said = (await answer.json()).error; } catch { said = (await answer.text().catch(() => "")) || `error ${answer.status}`; }
  const error = new Error(said);
  error.status = answer.status;
  throw error;
}

export async function get(path) { return (await checked(await fetch(path, { headers: own }))).json(); }

export async function post(path, body = {}, signal = undefined) {
  return checked(await fetch(path, { method: "POST", headers: { ...own, "content-type": "application/json" }, body: JSON.stringify(body), signal }));
}

export async function remove(path) { return checked(await fetch(path, { method: "DELETE", headers: own })); }

export async function image(path, body = null, signal = undefined) {
  const answer = body === null ? await checked(await fetch(path, { headers: own, signal })) : await post(path, body, signal);
  return { url: URL.createObjectURL(await answer.blob()), frame: Number(answer.headers.get("x-ned-frame")) };
}

// The browser streams the file from the disk; progress and abort need XMLHttpRequest.
export function upload(file, tell) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.open("POST", `/api/files?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("x-ned", "1");
    request.setRequestHeader("content-type", "application/octet-stream");
    request.upload.onprogress = (event) => tell(event.loaded, event.total);
    request.onload = () => {
      let said = {};
      try { said = JSON.parse(request.responseText); } catch { /* not ours */ }
      if (request.status === 201) resolve(said); else reject(new Error(said.error || `error ${request.status}`));
    };
    request.onerror = () => reject(new Error("the upload was refused or broken off"));
    request.onabort = () => reject(new DOMException("stopped", "AbortError"));
    request.send(file);
  });
  return { done, stop: () => request.abort() };
}
