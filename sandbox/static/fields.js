// The card fields inside the frame: they format, check and exchange a card for a payment method, and speak
// with the page around them by messages. The page never sees a number.
"use strict";

(() => {
  const settings = new URLSearchParams(location.hash.slice(1));
  const key = settings.get("key");
  const origin = settings.get("origin");
  const form = document.getElementById("fields");
  const inputs = Object.fromEntries(["number", "expiry", "cvc"].map((id) => [id, document.getElementById(id)]));
  const wrong = {
    number: ["incomplete_number", "Your card number is incomplete."],
    expiry: ["incomplete_expiry", "Your card’s expiration date is incomplete."],
    cvc: ["incomplete_cvc", "Your card’s security code is incomplete."],
  };
  const fieldOf = { number: "number", exp_month: "expiry", exp_year: "expiry", cvc: "cvc" };

  // A card, or a wallet that brings its own.
  const way = () => form.elements.way.value;
  const tell = (message) => parent.postMessage(message, origin);
  const digits = (id) => inputs[id].value.replace(/\D/g, "");

  const checks = {
    number: () => digits("number").length >= 12,
    expiry: () => /^(0[1-9]|1[0-2])\d\d$/.test(digits("expiry")),
    cvc: () => /^\d{3,4}$/.test(digits("cvc")),
  };

  function mark(id, message) {
    const note = document.getElementById(`${id}-wrong`);
    note.textContent = message;
    note.hidden = !message;
    if (message) {
      inputs[id].setAttribute("aria-invalid", "true");
      inputs[id].setAttribute("aria-describedby", note.id);
    } else {
      inputs[id].removeAttribute("aria-invalid");
      inputs[id].removeAttribute("aria-describedby");
    }
  }

  const grouped = {
    number: (text) =>
      (/^3[47]/.test(text) ? [text.slice(0, 4), text.slice(4, 10), text.slice(10, 15)] : text.slice(0, 19).match(/.{1,4}/g) ?? [])
        .filter(Boolean)
        .join(" "),
    expiry: (text) => {
      const padded = /^[2-9]/.test(text) ? `0${text}` : text;
      return padded.length > 2 ? `${padded.slice(0, 2)} / ${padded.slice(2, 4)}` : padded;
    },
    cvc: (text) => text.slice(0, 4),
  };

  // Only at the end of the field: a correction in the middle keeps its caret.
  function format(id) {
    const input = inputs[id];
    if (input.selectionStart === input.value.length) input.value = grouped[id](digits(id));
  }

  function state() {
    const isCard = way() === "card";
    const complete = !isCard || Object.values(checks).every((check) => check());
    const empty = isCard && Object.values(inputs).every((input) => !input.value);
    return { complete, empty, way: way() };
  }

  function firstWrong() {
    return Object.keys(inputs).find((id) => !checks[id]());
  }

  // Mark all that is missing; the error of the first, or null.
  function validate() {
    if (way() !== "card") return null;
    for (const id of Object.keys(inputs)) mark(id, checks[id]() ? "" : wrong[id][1]);
    const id = firstWrong();
    if (!id) return null;
    inputs[id].focus();
    return { type: "validation_error", code: wrong[id][0], message: wrong[id][1] };
  }

  const card = () => ({
    "card[number]": digits("number"),
    "card[exp_month]": String(Number(digits("expiry").slice(0, 2))),
    "card[exp_year]": `20${digits("expiry").slice(2)}`,
    "card[cvc]": digits("cvc"),
  });

  async function exchange({ billing }) {
    const missing = validate();
    if (missing) return { error: missing };
    const body = new URLSearchParams({ type: "card", ...(way() === "card" ? card() : { "card[token]": `tok_${way()}` }) });
    for (const name of ["name", "email", "phone"]) {
      if (billing?.[name]) body.set(`billing_details[${name}]`, billing[name]);
    }
    const response = await fetch("/v1/payment_methods", {
      method: "POST", body, headers: { Authorization: `Bearer ${key}` },
    });
    const answer = await response.json();
    if (!answer.error) return { paymentMethod: answer.id };
    const id = fieldOf[answer.error.param?.match(/\w+/g)?.at(-1)];
    if (id) {
      mark(id, answer.error.message);
      inputs[id].focus();
    }
    return { error: answer.error };
  }

  const variables = {
    colorPrimary: "--color-primary", colorText: "--color-text", colorBackground: "--color-background",
    colorDanger: "--color-danger", borderRadius: "--border-radius", fontFamily: "--font", fontSizeBase: "--font-size",
  };

  const themes = { night: { colorText: "#fff", colorBackground: "#30313d", colorDanger: "#fe87a1" } };

  function dress({ appearance }) {
    const wanted = { ...themes[appearance?.theme], ...appearance?.variables };
    document.documentElement.classList.toggle("night", appearance?.theme === "night");
    for (const [name, property] of Object.entries(variables)) {
      if (wanted[name]) document.documentElement.style.setProperty(property, wanted[name]);
    }
    return {};
  }

  const calls = {
    dress,
    exchange,
    validate: () => ({ error: validate() }),
    focus: () => (inputs.number.focus(), {}),
    clear: () => (form.reset(), {}),
  };

  addEventListener("message", async (event) => {
    if (event.source !== parent || event.origin !== origin || !Object.hasOwn(calls, event.data?.call)) return;
    let result;
    try {
      result = await calls[event.data.call](event.data);
    } catch {
      result = { error: { type: "api_connection_error", message: "We could not reach the payment provider." } };
    }
    tell({ answer: event.data.id, result });
  });

  for (const [id, input] of Object.entries(inputs)) {
    input.addEventListener("input", () => {
      format(id);
      mark(id, "");
      tell({ event: "change", ...state() });
    });
    input.addEventListener("focus", () => tell({ event: "focus" }));
    input.addEventListener("blur", ({ relatedTarget }) => {
      // Not when leaving the frame: it would grow and move the button that is being pressed.
      if (relatedTarget && input.value && !checks[id]()) mark(id, wrong[id][1]);
      tell({ event: "blur" });
    });
  }
  form.addEventListener("change", (event) => {
    if (event.target.name !== "way") return;
    document.getElementById("card").hidden = way() !== "card";
    document.getElementById("wallet").hidden = way() === "card";
    tell({ event: "change", ...state() });
  });
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target instanceof HTMLInputElement) tell({ event: "enter" });
  });
  form.addEventListener("click", (event) => {
    const number = event.target.dataset?.card;
    if (!number) return;
    inputs.number.value = grouped.number(number);
    inputs.expiry.value = "12 / 34";
    inputs.cvc.value = number.startsWith("3") && number.length === 15 ? "1234" : "123";
    for (const id of Object.keys(inputs)) mark(id, "");
    tell({ event: "change", ...state() });
  });
  new ResizeObserver(() => tell({ event: "size", height: Math.ceil(form.getBoundingClientRect().height) })).observe(form);
  tell({ event: "ready" });
})();
