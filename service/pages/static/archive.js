// Keeps the state of a rebuild fresh while one waits or runs. Without it, there is a link to look again.

const EVERY = 1500;
const AT_MOST = 12000;

const place = document.getElementById("progress");
let wait = EVERY;

function runs() {
  return place.querySelector("[data-runs='1']") !== null;
}

async function look() {
  if (document.hidden) return next();
  try {
    const answer = await fetch(place.dataset.part, { redirect: "error" });
    if (!answer.ok) throw new Error(answer.status);
    show(new DOMParser().parseFromString(await answer.text(), "text/html").body);
    wait = EVERY;
  } catch {
    // Signed out, or the service is away: look less and less often
    wait = Math.min(2 * wait, AT_MOST);
  }
  // What it has made is shown all over the page
  runs() ? next() : location.reload();
}

function show(found) {
  const before = place.querySelector("[role='status']");
  const after = found.querySelector("[role='status']");
  const focused = place.contains(document.activeElement) ? document.activeElement.getAttribute("href") : null;
  if (before && after && before.textContent === after.textContent) {
    // The same element stays, so that a screen reader says a stage once
    after.replaceWith(before);
  }
  place.replaceChildren(...found.childNodes);
  if (focused) place.querySelector(`a[href="${CSS.escape(focused)}"]`)?.focus();
}

function next() {
  setTimeout(look, wait);
}

if (runs()) {
  place.classList.add("live");
  next();
}
