// Small helps on every page; each works on what it finds, and pages work without any of them.

// A form sent twice is one booking on the server; here the button says that work is under way.
function guard(event) {
  const form = event.target;
  if (event.defaultPrevented || form.method !== "post") return;
  if (form.dataset.sent) {
    event.preventDefault();
    return;
  }
  form.dataset.sent = "yes";
  const button = event.submitter;
  if (!button || !button.matches("[data-busy]")) return;
  button.dataset.label = button.innerHTML;
  button.style.minInlineSize = `${button.offsetWidth}px`;
  button.classList.add("is-busy");
  // Not `disabled`: its name and value belong to what is sent.
  button.setAttribute("aria-disabled", "true");
  const spinner = document.createElement("span");
  spinner.className = "spinner";
  button.replaceChildren(spinner, button.dataset.busy);
}

// Back from the pay page by the browser's back button: the page comes from its cache, as it was left.
function unguard(event) {
  if (!event.persisted) return;
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
  for (const button of document.querySelectorAll("button[data-label]")) {
    button.innerHTML = button.dataset.label;
    button.classList.remove("is-busy");
    button.removeAttribute("aria-disabled");
  }
}

function closeMenus(event) {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    const leaves = event.type === "keydown" ? event.key === "Escape" : !menu.contains(event.target);
    if (!leaves) continue;
    menu.open = false;
    if (event.type === "keydown") menu.querySelector("summary").focus();
  }
}

// Where something was refused, start at the first field that says so.
function showFirstError() {
  const field = document.querySelector("main [aria-invalid='true']");
  if (field && !document.querySelector("main [role='alert']")) field.focus();
}

// Addresses of searches are shared: what was left empty is left out.
function leaveOutEmpty(event) {
  if (event.target.method !== "get") return;
  for (const [name, value] of [...event.formData]) if (value === "") event.formData.delete(name);
}

function isTouched(field) {
  if (field.matches("[type=radio], [type=checkbox]")) return field.checked !== field.defaultChecked;
  if (field.matches("select")) {
    const chosen = [...field.options].findIndex((option) => option.defaultSelected);
    return field.selectedIndex !== Math.max(chosen, 0);
  }
  return field.matches("input, textarea") && field.value !== field.defaultValue;
}

// What was chosen before the scripts came, or was put back by the browser, counts as chosen now.
function catchUp() {
  for (const form of document.querySelectorAll("form[hx-get]"))
    if ([...form.elements].some(isTouched)) form.dispatchEvent(new Event("change", { bubbles: true }));
}

// A bar that leads somewhere is not needed once one is there.
function retire(bar) {
  const goal = document.querySelector(bar.dataset.doneAt);
  new IntersectionObserver(([entry]) => bar.classList.toggle("is-done", entry.isIntersecting)).observe(goal);
}

// A button that unfolds what it controls; the style sheet hides it where there is room enough.
function unfold(event) {
  const button = event.target.closest("[data-fold]");
  if (button) button.setAttribute("aria-expanded", String(button.getAttribute("aria-expanded") !== "true"));
}

document.addEventListener("click", unfold);
document.querySelectorAll("[data-done-at]").forEach(retire);
document.addEventListener("submit", guard);
document.addEventListener("formdata", leaveOutEmpty);
window.addEventListener("pageshow", unguard);
document.addEventListener("click", closeMenus);
document.addEventListener("keydown", closeMenus);
document.addEventListener("DOMContentLoaded", catchUp);
showFirstError();
