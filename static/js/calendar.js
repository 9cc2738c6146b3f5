// Choosing check-in and check-out in the month grid. The date fields stay the truth; the grid mirrors them.

const form = document.getElementById("choice");
const checkIn = form?.elements.check_in;
const checkOut = form?.elements.check_out;

function dayAfter(text) {
  const date = new Date(`${text}T12:00:00Z`);
  date.setUTCDate(date.getUTCDate() + 1);
  return date.toISOString().slice(0, 10);
}

function choose(event) {
  const button = event.target.closest("#calendar button[data-date]");
  if (!button) return;
  const date = button.dataset.date;
  const isStart = !checkIn.value || checkOut.value || date <= checkIn.value;
  if (isStart) {
    if (!("canStart" in button.dataset)) return;
    checkIn.value = date;
    checkOut.value = "";
  } else {
    checkOut.value = date;
  }
  mark();
  // With only a check-in there is no price to ask for yet.
  if (!isStart) checkOut.dispatchEvent(new Event("change", { bubbles: true }));
}

function mark() {
  const [from, to] = [checkIn.value, checkOut.value];
  for (const button of document.querySelectorAll("#calendar button[data-date]")) {
    const { date } = button.dataset;
    const cell = button.parentElement;
    cell.classList.toggle("first", date === from);
    cell.classList.toggle("last", Boolean(to) && date === to);
    cell.classList.toggle("between", Boolean(from && to) && date > from && date < to);
    button.setAttribute("aria-pressed", String(date === from || (Boolean(to) && date > from && date <= to)));
  }
}

// A check-in at or after the check-out leaves one night.
function keepOrder(event) {
  if (event.target === checkIn && checkIn.value) {
    checkOut.min = dayAfter(checkIn.value);
    if (checkOut.value && checkOut.value <= checkIn.value) checkOut.value = dayAfter(checkIn.value);
  }
  mark();
}

if (checkIn && checkOut) {
  document.addEventListener("click", choose);
  // Before htmx asks for the price.
  form.addEventListener("change", keepOrder, { capture: true });
  document.addEventListener("htmx:afterSwap", mark);
  mark();
}
