// <span data-countdown="<instant>" data-now="<the server's instant>">: the time left, by the server's clock.

let ticking = [];

function start() {
  ticking = [...document.querySelectorAll("[data-countdown]")].map((element) => ({
    element,
    // How far the server's clock is ahead of this one; a demo's may be days ahead.
    end: Date.parse(element.dataset.countdown) - (Date.parse(element.dataset.now) - Date.now()),
    isOver: false,
  }));
  tick();
}

function write(seconds) {
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor(seconds / 3600) % 24;
  const minutes = Math.floor(seconds / 60) % 60;
  const pad = (number) => String(number).padStart(2, "0");
  if (days) return `${days} d ${hours} h left`;
  if (hours) return `${hours} h ${pad(minutes)} min left`;
  return `${minutes}:${pad(seconds % 60)} left`;
}

function tick() {
  for (const timer of ticking) {
    const seconds = Math.max(0, Math.round((timer.end - Date.now()) / 1000));
    const text = seconds ? write(seconds) : "time is over";
    if (timer.element.textContent !== text) timer.element.textContent = text;
    timer.element.classList.toggle("soon", seconds < 300);
    if (!seconds && !timer.isOver) {
      timer.isOver = true;
      document.dispatchEvent(new CustomEvent("live:due"));
    }
  }
}

document.addEventListener("live:updated", start);
start();
setInterval(tick, 1000);
