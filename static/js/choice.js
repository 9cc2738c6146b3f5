// Choosing how many: − and + beside a number, and the fields themselves marked where a choice was refused.

const form = document.getElementById("choice");

function step(event) {
  const button = event.target.closest("[data-by]");
  if (!button) return;
  const field = button.parentElement.querySelector("input");
  const [least, most] = [Number(field.min || 1), Number(field.max || Infinity)];
  const value = Math.min(Math.max(Number(field.value || 0) + Number(button.dataset.by), least), most);
  if (field.value === String(value)) return;
  field.value = value;
  field.dispatchEvent(new Event("change", { bubbles: true }));
}

function markRefused() {
  const refused = form.querySelector("[data-invalid]")?.dataset.invalid.split(" ") ?? [];
  for (const field of form.elements) {
    if (!field.name) continue;
    if (refused.includes(field.name)) field.setAttribute("aria-invalid", "true");
    else field.removeAttribute("aria-invalid");
  }
}

form.addEventListener("click", step);
document.addEventListener("htmx:afterSwap", markRefused);
