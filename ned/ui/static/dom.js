// Small helpers; text goes in as text, never as markup.
export const $ = (id) => document.getElementById(id);

export function make(name, attributes = {}, ...children) {
  const node = document.createElement(name);
  fill(node, attributes, children);
  return node;
}

export function draw(name, attributes = {}, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", name);
  fill(node, attributes, children);
  return node;
}

function fill(node, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "style") for (const [name, one] of Object.entries(value)) node.style.setProperty(name, one);
    else if (value === true) node.setAttribute(key, "");
    else if (value !== false && value !== null && value !== undefined) node.setAttribute(key, value);
  }
  node.append(...children.filter((child) => child !== null));
}

export function clock(seconds) {
  const whole = Math.floor(seconds / 60);
  return `${whole}:${(seconds - 60 * whole).toFixed(2).padStart(5, "0")}`;
}

export function left(seconds) {
  const whole = Math.max(0, Math.round(seconds));
  return whole >= 3600 ? `${Math.floor(whole / 3600)} h ${Math.floor(whole / 60) % 60} min left`
    : whole >= 60 ? `${Math.floor(whole / 60)} min ${whole % 60} s left` : `${whole} s left`;
}

let timer = 0;
export function say(text, stays = false) {
  const line = $("say");
  line.textContent = text;
  line.hidden = !text;
  clearTimeout(timer);
  if (text && !stays) timer = setTimeout(() => { line.hidden = true; }, 12000);
}

// Pointer drags of a handle; `move` gets the event until the pointer is let go.
export function drags(node, begin) {
  node.addEventListener("pointerdown", (event) => {
    const move = begin(event);
    if (!move) return;
    event.preventDefault();
    const stop = () => {
      window.removeEventListener("pointermove", move);
      window.removeEventListener("pointerup", stop);
      window.removeEventListener("pointercancel", stop);
    };
    window.addEventListener("pointermove", move);
    window.addEventListener("pointerup", stop);
    window.addEventListener("pointercancel", stop);
  });
}
