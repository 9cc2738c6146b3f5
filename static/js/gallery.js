// Photos of a room: counts along while one scrolls, and shows them large in a dialog.

function start(gallery) {
  const strip = gallery.querySelector(".strip");
  const links = [...gallery.querySelectorAll("[data-photo]")];
  const counter = gallery.querySelector("[data-counter]");
  const dialog = gallery.querySelector("dialog");
  const large = dialog.querySelector("[data-large]");
  const caption = dialog.querySelector("[data-caption]");
  let at = 0;

  function show(index) {
    at = (index + links.length) % links.length;
    const small = links[at].querySelector("img");
    large.src = links[at].href;
    large.alt = small.alt;
    caption.textContent = `${at + 1} / ${links.length}`;
  }

  if (counter) {
    strip.addEventListener("scroll", () => {
      counter.textContent = String(Math.round(strip.scrollLeft / strip.clientWidth) + 1);
    }, { passive: true });
  }
  strip.addEventListener("click", (event) => {
    const link = event.target.closest("[data-photo]");
    if (!link || event.metaKey || event.ctrlKey || event.shiftKey) return;
    event.preventDefault();
    show(links.indexOf(link));
    dialog.showModal();
  });
  dialog.addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button?.dataset.step) show(at + Number(button.dataset.step));
    else if (button || event.target === dialog) dialog.close();
  });
  dialog.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -1, ArrowRight: 1 }[event.key];
    if (step) show(at + step);
  });
}

document.querySelectorAll("[data-gallery]").forEach(start);
