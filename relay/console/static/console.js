// Makes pages quicker to use; every page works without it. Runs under a policy without inline script.
"use strict";

// What the script itself says, in the language of the page; numbers are written as people of that language read them.
const words = JSON.parse(document.body.dataset.words || "{}");
const inWords = (name, values) => Object.entries(values).reduce((text, [key, value]) => text.replace(`{${key}}`, value), words[name] || "");
const number = (value) => value.toLocaleString(document.documentElement.lang);

// A page that answers a form: Back and Reload would ask whether to send that again; let them ask for the page instead.
if (document.body.matches("[data-sent]")) history.replaceState(null, "", location.href);

// Live progress: server-sent events, and plain asking where those do not come through.
function watch(box) {
  const list = box.querySelector("[data-steps]");
  const line = box.querySelector("[data-line]");
  let asked = null;

  function show(state) {
    state.steps.forEach((step, index) => {
      let item = list.children[index];
      if (!item) {
        item = list.appendChild(document.createElement("li"));
        item.innerHTML = '<div class="bar-line"><span></span><span class="quiet small"></span></div><progress></progress>';
      }
      const [title, count] = item.querySelectorAll("span");
      const bar = item.querySelector("progress");
      title.textContent = step.title;
      bar.setAttribute("aria-label", step.title);
      if (step.over) { bar.max = 1; bar.value = 1; count.textContent = step.total ? number(step.total) : words.done; }
      else if (step.total) { bar.max = step.total; bar.value = step.done; count.textContent = inWords("of", { done: number(step.done), total: number(step.total) }); }
      else { bar.removeAttribute("value"); count.textContent = step.done ? number(step.done) : ""; }
    });
    if (state.lines.length) line.textContent = state.lines[state.lines.length - 1];
    if (state.state !== "running") location.replace(box.dataset.result);
  }

  function ask() {
    if (asked) return;
    asked = setInterval(() => {
      fetch(box.dataset.state, { headers: { Accept: "application/json" } })
        .then((answer) => (answer.redirected ? location.reload() : answer.json()))
        .then((state) => state && show(state))
        .catch(() => { line.textContent = words.silent; });
    }, 1500);
  }

  if (!window.EventSource) { ask(); return; }
  const events = new EventSource(box.dataset.events);
  let heard = false;
  events.onmessage = (event) => { heard = true; show(JSON.parse(event.data)); };
  events.onerror = () => { if (!heard || events.readyState === EventSource.CLOSED) { events.close(); ask(); } };
  setTimeout(() => { if (!heard) { events.close(); ask(); } }, 5000);
}
document.querySelectorAll("[data-watch]").forEach(watch);

// A form is sent once, however often the button is pressed.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.dataset.sent) { event.preventDefault(); return; }
  if (form.method === "post") {
    form.dataset.sent = "yes";
    form.querySelectorAll("button").forEach((button) => { if (button !== event.submitter) button.disabled = true; });
  }
});
window.addEventListener("pageshow", () => {
  document.querySelectorAll("form[data-sent]").forEach((form) => {
    delete form.dataset.sent;
    form.querySelectorAll("button").forEach((button) => { button.disabled = false; });
  });
});

// What asks once gets the focus when it opens, and Escape takes the question back.
document.querySelectorAll("details.ask").forEach((ask) => {
  ask.addEventListener("toggle", () => { if (ask.open) ask.querySelector(".asked button, .asked input:not([type=hidden])")?.focus(); });
  ask.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && ask.open) { ask.open = false; ask.querySelector("summary").focus(); }
  });
});

document.querySelectorAll("[data-print]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
});

document.querySelectorAll("[data-copy], [data-copy-from]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = button.dataset.copy || (await (await fetch(button.dataset.copyFrom)).text());
    try { await navigator.clipboard.writeText(text); } catch { copyBySelection(text); }
    const label = button.textContent;
    button.textContent = words.copied;
    setTimeout(() => { button.textContent = label; }, 2000);
  });
});

function copyBySelection(text) {
  const area = document.body.appendChild(document.createElement("textarea"));
  area.value = text;
  area.select();
  document.execCommand("copy");
  area.remove();
}

document.querySelectorAll("form[data-live]").forEach((form) => {
  let asked = 0;
  form.addEventListener("change", async () => {
    const mine = ++asked;
    const data = new FormData(form);
    data.set("do", "count");
    const answer = await fetch(form.action, { method: "POST", body: new URLSearchParams(data) });
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    if (mine !== asked) return;
    const fresh = page.getElementById("count");
    if (fresh) document.getElementById("count").innerHTML = fresh.innerHTML;
    form.querySelectorAll("label.choice").forEach((label) => {
      const input = label.querySelector("input");
      const same = page.querySelector(`input[name="${input.name}"][value="${CSS.escape(input.value)}"]`);
      const count = same?.closest("label")?.querySelector("b");
      if (count && label.querySelector("b")) label.querySelector("b").textContent = count.textContent;
    });
  });
});

// The page of the first hour sees a login happen: it asks whether anything changed, and is read anew when it did.
document.querySelectorAll("[data-login]").forEach((box) => {
  setInterval(() => {
    fetch(box.dataset.login, { headers: { Accept: "application/json" } })
      .then((answer) => (answer.redirected ? location.reload() : answer.json()))
      .then((state) => { if (state && state.seen !== box.dataset.seen) location.reload(); })
      .catch(() => {});
  }, 3000);
});

// What is ticked in a table is summed up below it, and a box above ticks all that are shown.
document.querySelectorAll("form[data-pick]").forEach((form) => {
  const boxes = [...form.querySelectorAll("tbody .tick input")];
  const all = form.querySelector("[data-all]");
  const everybody = form.querySelector("[data-everybody]");
  const told = form.querySelector("[data-told]");
  const money = form.dataset.currency && new Intl.NumberFormat(form.dataset.locale, { style: "currency", currency: form.dataset.currency });

  function show() {
    const ticked = boxes.filter((box) => box.checked);
    const isAll = everybody?.checked;
    const count = isAll ? Number(everybody.dataset.count) : ticked.length;
    const sum = isAll ? Number(everybody.dataset.total) : ticked.reduce((total, box) => total + Math.round(Number(box.dataset.amount || 0) * 1e6), 0) / 1e6;
    if (all) { all.checked = ticked.length === boxes.length; all.indeterminate = ticked.length > 0 && ticked.length < boxes.length; }
    const chosen = form.dataset.pick === "money" ? inWords("sum", { count: number(count), total: money.format(sum) }) : inWords("chosen", { count: number(count) });
    if (told) told.textContent = count ? chosen : "";
    form.querySelectorAll("[data-untold]").forEach((text) => { text.hidden = count > 0; });
    form.querySelectorAll("[data-use]").forEach((button) => { button.textContent = button.dataset.use.replace("#", number(count)); });
    form.querySelectorAll(".picked button").forEach((button) => { button.disabled = !count; });
  }
  all?.addEventListener("change", () => { boxes.forEach((box) => { box.checked = all.checked; }); show(); });
  form.addEventListener("change", show);
  window.addEventListener("pageshow", show);
  show();
});
