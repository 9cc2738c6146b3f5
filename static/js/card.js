// Stripe's elements on our own page. What came of it is never believed here: the return page asks the provider.

const form = document.getElementById("card-form");
const fields = document.getElementById("card-fields");
const alert = document.getElementById("card-error");
const button = form.querySelector("button[type=submit]");
const label = button.innerHTML;
const messages = JSON.parse(document.getElementById("decline-messages").textContent);

function say(text) {
  alert.hidden = !text;
  alert.querySelector("p").textContent = text ?? "";
}

function wait(isWaiting) {
  button.disabled = isWaiting;
  button.innerHTML = isWaiting ? "" : label;
  if (!isWaiting) return;
  const spinner = document.createElement("span");
  spinner.className = "spinner";
  button.replaceChildren(spinner, button.dataset.busy);
}

function wording(error) {
  if (error.type === "validation_error") return error.message;
  return messages[error.decline_code] ?? messages[error.code] ?? messages[""];
}

function open() {
  if (!window.Stripe) {
    say("The card form could not be loaded. Please check your connection and load this page again.");
    fields.replaceChildren();
    return;
  }
  const stripe = window.Stripe(form.dataset.publishableKey);
  const appearance = { theme: "stripe", variables: { colorPrimary: "#1976d2", fontFamily: "Roboto, sans-serif" } };
  const elements = stripe.elements({ clientSecret: form.dataset.clientSecret, appearance });
  const payment = elements.create("payment");
  payment.on("ready", () => {
    fields.removeAttribute("aria-busy");
    button.disabled = false;
  });
  payment.on("loaderror", () => say("Payment temporarily unavailable. Please load this page again in a moment."));
  fields.replaceChildren();
  payment.mount(fields);
  form.addEventListener("submit", (event) => pay(event, stripe, elements));
}

async function pay(event, stripe, elements) {
  event.preventDefault();
  if (button.disabled) return;
  say("");
  wait(true);
  const back = form.dataset.returnUrl;
  const { error } = await stripe.confirmPayment({
    elements,
    confirmParams: { return_url: back },
    redirect: "if_required",
  });
  // An intent that is already paid answers with an error, too: the return page knows better.
  if (!error || error.code === "payment_intent_unexpected_state") {
    window.location.assign(back);
    return;
  }
  say(wording(error));
  wait(false);
}

open();
