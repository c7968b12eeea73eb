// The set-up and the first hour: copying, and counts that follow what is ticked. Every page works without it.
"use strict";

document.querySelectorAll("[data-copy], [data-copy-from]").forEach((button) => {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const text = button.dataset.copy || (await (await fetch(button.dataset.copyFrom)).text());
    try { await navigator.clipboard.writeText(text); } catch { copyBySelection(text); }
    const words = button.textContent;
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = words; }, 2000);
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
