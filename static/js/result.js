// The bank has not answered yet: look again until it has, a little more slowly each time.

const LONGEST = 10_000;
const section = document.querySelector("[data-result-url]");
let wait = 2_000;

async function look() {
  const answer = await fetch(section.dataset.resultUrl, { cache: "no-store" }).catch(() => null);
  const page = answer?.ok ? new DOMParser().parseFromString(await answer.text(), "text/html") : null;
  if (page && !page.querySelector("[data-result-url]")) window.location.reload();
  else setTimeout(look, (wait = Math.min(wait * 1.5, LONGEST)));
}

if (section) setTimeout(look, wait);
