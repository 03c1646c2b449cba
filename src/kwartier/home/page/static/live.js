"use strict";
// Keeps the first page up to date without loading it again: asks for the part that changes, and puts it in place. Without
// this the page is loaded again every ten seconds.
const EVERY_MS = 2000;

async function refresh() {
  const old = document.getElementById("live");
  if (document.hidden || !old || old.contains(document.activeElement)) return;
  try {
    const answer = await fetch(old.dataset.live, { cache: "no-store" });
    if (!answer.ok) return;
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
    if (fresh) old.replaceWith(fresh);
  } catch {
    // the machine is restarting, or the network is away: the next time will tell
  }
}

setInterval(refresh, EVERY_MS);
