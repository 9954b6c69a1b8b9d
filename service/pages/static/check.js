/* The form: files that are dropped on it, progress, and the report put in place without a new page. */
"use strict";
(() => {
  const form = document.getElementById("check");
  const at = (id) => document.getElementById(id);
  const MOST_BYTES = 2 * 1024 * 1024;
  /* Nothing flickers for what is over at once. */
  const PATIENCE = 250;
  let running = null;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (!running) send();
  });
  at("cancel").addEventListener("click", () => running?.abort());
  at("text").addEventListener("input", () => { form.elements.document.value = ""; at("file").value = ""; });
  at("file").addEventListener("change", () => { if (at("file").files.length) form.requestSubmit(); });
  at("text").addEventListener("keydown", (event) => {
    if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) form.requestSubmit();
  });

  for (const kind of ["dragenter", "dragover"])
    form.addEventListener(kind, (event) => {
      if (!event.dataTransfer.types.includes("Files")) return;
      event.preventDefault();
      form.classList.add("over");
    });
  for (const kind of ["dragleave", "drop"])
    form.addEventListener(kind, (event) => {
      if (kind === "dragleave" && form.contains(event.relatedTarget)) return;
      form.classList.remove("over");
    });
  form.addEventListener("drop", (event) => {
    if (!event.dataTransfer.files.length) return;
    event.preventDefault();
    const held = new DataTransfer();
    held.items.add(event.dataTransfer.files[0]);
    at("file").files = held.files;
    form.requestSubmit();
  });

  function send() {
    forget();
    const words = at("text").value;
    if (!at("file").files.length && !words.trim()) return fault("text", "paste a text, or choose a file");
    if (!at("file").files.length && new Blob([words]).size > MOST_BYTES)
      return fault("text", "is larger than 2 MiB: check it in parts");
    const asked = (running = new XMLHttpRequest());
    const begun = performance.now();
    asked.open("POST", form.action);
    asked.setRequestHeader("X-Part", "report");
    asked.upload.addEventListener("progress", (event) => {
      if (event.lengthComputable && event.loaded < event.total) progress("Sending", event.loaded / event.total);
    });
    asked.upload.addEventListener("load", () => progress(doing()));
    asked.addEventListener("load", () => answered(asked, at("file").files.length > 0));
    asked.addEventListener("error", () => trouble("The service does not answer. Your text is still here: try again."));
    asked.addEventListener("abort", () => { at("progress-words").textContent = ""; });
    asked.addEventListener("loadend", () => { clearTimeout(waiting); clearInterval(clock); done(); });
    const waiting = setTimeout(() => { at("progress").hidden = false; }, PATIENCE);
    const clock = setInterval(() => {
      const seconds = Math.round((performance.now() - begun) / 1000);
      if (seconds >= 2) at("progress-words").dataset.seconds = `${seconds} s`;
    }, 500);
    progress(doing());
    at("send").disabled = true;
    form.setAttribute("aria-busy", "true");
    asked.send(new FormData(form));
  }

  const doing = () => at("file").files.length
    ? "Reading the file, and comparing it with the archive"
    : "Comparing the text with the archive";

  function progress(words, share) {
    at("progress-words").textContent = `${words}…`;
    if (share === undefined) at("progress-bar").removeAttribute("value");
    else at("progress-bar").value = share;
  }

  function done() {
    running = null;
    at("progress").hidden = true;
    delete at("progress-words").dataset.seconds;
    at("send").disabled = false;
    form.removeAttribute("aria-busy");
  }

  function answered(asked, ofFile) {
    if (asked.status === 200) return put(asked.responseText, ofFile);
    if (!asked.getResponseHeader("Content-Type")?.includes("json"))
      return trouble("The service did not answer with a report. Load the page anew; your text is still here.");
    const problem = JSON.parse(asked.responseText), errors = problem.errors ?? [];
    const known = errors.filter(({ pointer }) => pointer && at(`${pointer.slice(1)}-fault`));
    for (const { pointer, detail } of known) fault(pointer.slice(1), detail);
    if (!known.length) trouble(`${problem.title}: ${problem.detail}.`);
  }

  function put(html, ofFile) {
    const result = at("result");
    result.innerHTML = html;
    if (ofFile) {
      at("text").value = result.querySelector("#keep [name=text]").value;
      at("file").value = "";
    }
    form.classList.add("done");
    window.nearcopy.openReport();
    at("report").focus({ preventScroll: true });
    at("report").scrollIntoView({ block: "start" });
  }

  function fault(name, detail) {
    const words = at(`${name}-fault`);
    words.textContent = detail;
    words.hidden = false;
    at(name).setAttribute("aria-invalid", "true");
    at(name).closest("details")?.setAttribute("open", "");
    at(name).focus();
  }

  function trouble(words) {
    at("fault").textContent = words;
    at("fault").hidden = false;
  }

  function forget() {
    for (const one of form.querySelectorAll(".wrong")) { one.hidden = true; one.textContent = ""; }
    for (const one of form.querySelectorAll("[aria-invalid]")) one.removeAttribute("aria-invalid");
  }
})();
