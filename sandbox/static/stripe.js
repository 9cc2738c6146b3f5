// A stand-in for Stripe's browser script: Stripe(key), elements, the payment element, confirmPayment.
// It needs script-src, connect-src and frame-src for this server and nothing else.
"use strict";

(() => {
  const base = new URL(document.currentScript.src).origin;
  let lastId = 0;

  const failure = (type, message, more = {}) => ({ error: { type, message, ...more } });

  // --- The wire: a publishable key and the intent's secret -------------------------------------------------

  async function api(key, method, path, params) {
    const form = new URLSearchParams(params);
    const url = method === "GET" ? `${base}${path}?${form}` : `${base}${path}`;
    try {
      const response = await fetch(url, {
        method,
        headers: { Authorization: `Bearer ${key}` },
        body: method === "GET" ? undefined : form,
        credentials: "omit",
      });
      return await response.json();
    } catch {
      return failure("api_connection_error", "We could not reach the payment provider. Check your connection.");
    }
  }

  function idOf(clientSecret) {
    const match = /^(pi_\w+?)_secret_\w+$/.exec(clientSecret ?? "");
    if (!match) throw new TypeError("Invalid value for clientSecret: it must look like pi_…_secret_….");
    return match[1];
  }

  const paymentIntentOr = (answer) => (answer.error ? { error: answer.error } : { paymentIntent: answer });

  // --- The payment element: a frame of this server's, spoken to by messages --------------------------------

  class PaymentElement {
    constructor(key, appearance) {
      this.key = key;
      this.appearance = appearance;
      this.frame = null;
      this.listeners = {};
      this.waiting = new Map();
      this.hear = this.hear.bind(this);
    }

    mount(where) {
      const home = typeof where === "string" ? document.querySelector(where) : where;
      if (!home) throw new Error(`There is no element ${where} to mount into.`);
      this.unmount();
      const frame = document.createElement("iframe");
      frame.title = "Secure payment input frame";
      frame.name = `sandbox-elements-${++lastId}`;
      frame.style.border = "0";
      frame.style.display = "block";
      frame.style.width = "100%";
      frame.style.height = "190px";
      const settings = new URLSearchParams({ key: this.key, origin: location.origin });
      frame.src = `${base}/stripe-js/fields#${settings}`;
      frame.addEventListener("error", () => this.emit("loaderror", failure("api_connection_error", "No frame.")));
      this.frame = frame;
      this.isReady = new Promise((resolve) => { this.becomeReady = resolve; });
      addEventListener("message", this.hear);
      home.replaceChildren(frame);
      return this;
    }

    unmount() {
      removeEventListener("message", this.hear);
      this.frame?.remove();
      this.frame = null;
      return this;
    }

    destroy() {
      this.unmount();
      this.listeners = {};
      return this;
    }

    on(name, listener) {
      (this.listeners[name] ??= []).push(listener);
      return this;
    }

    off(name, listener) {
      this.listeners[name] = listener ? (this.listeners[name] ?? []).filter((one) => one !== listener) : [];
      return this;
    }

    once(name, listener) {
      const first = (event) => { this.off(name, first); listener(event); };
      return this.on(name, first);
    }

    update() { return this; }
    focus() { this.ask("focus"); }
    clear() { this.ask("clear"); }
    blur() { this.frame?.blur(); }

    emit(name, more = {}) {
      for (const listener of this.listeners[name] ?? []) listener({ elementType: "payment", ...more });
    }

    dress(appearance) {
      this.appearance = appearance;
      this.ask("dress", { appearance });
    }

    async ask(call, more = {}) {
      if (!this.frame) return failure("validation_error", "The payment element is not mounted.");
      await this.isReady;
      const id = ++lastId;
      const answer = new Promise((resolve) => { this.waiting.set(id, resolve); });
      this.frame.contentWindow.postMessage({ ...more, call, id }, base);
      return answer;
    }

    hear(message) {
      if (message.source !== this.frame?.contentWindow || message.origin !== base) return;
      const { event, answer, result, height, complete, empty, way } = message.data;
      if (answer) {
        this.waiting.get(answer)?.(result);
        this.waiting.delete(answer);
      } else if (event === "ready") {
        this.becomeReady();
        if (this.appearance) this.ask("dress", { appearance: this.appearance });
        this.emit("ready");
      } else if (event === "size") {
        this.frame.style.height = `${height}px`;
      } else if (event === "enter") {
        this.frame.closest("form")?.requestSubmit();
      } else if (event === "change") {
        this.emit("change", { complete, empty, collapsed: false, value: { type: way } });
      } else {
        this.emit(event);
      }
    }
  }

  class Elements {
    constructor(key, options) {
      idOf(options?.clientSecret);
      this.key = key;
      this.options = options;
      this.payment = null;
    }

    create(type) {
      if (type !== "payment") throw new Error(`The sandbox has no element "${type}".`);
      if (this.payment) throw new Error("Can only create one Element of type payment.");
      this.payment = new PaymentElement(this.key, this.options.appearance);
      return this.payment;
    }

    getElement(type) {
      return type === "payment" ? this.payment : null;
    }

    update(options) {
      Object.assign(this.options, options);
      if (options.appearance) this.payment?.dress(options.appearance);
    }

    async submit() {
      if (!this.payment) return failure("validation_error", "There is no payment element.");
      const { error } = await this.payment.ask("validate");
      return error ? { error } : { selectedPaymentMethod: "card" };
    }

    async fetchUpdates() { return {}; }
  }

  // --- What the merchant's page calls ----------------------------------------------------------------------

  class StripeStandIn {
    constructor(key) {
      this.key = key;
    }

    elements(options) {
      return new Elements(this.key, options);
    }

    async retrievePaymentIntent(clientSecret) {
      const path = `/v1/payment_intents/${idOf(clientSecret)}`;
      return paymentIntentOr(await api(this.key, "GET", path, { client_secret: clientSecret }));
    }

    async confirmPayment({ elements, clientSecret, confirmParams = {}, redirect = "always" }) {
      const secret = clientSecret ?? elements?.options.clientSecret;
      const method = await this.#method(elements, confirmParams);
      if (method.error) return method;
      if (redirect === "always" && !confirmParams.return_url) {
        throw new TypeError("confirmPayment needs confirmParams.return_url unless redirect is if_required.");
      }
      const returnUrl = confirmParams.return_url ?? location.href;
      const params = { client_secret: secret, payment_method: method.paymentMethod, return_url: returnUrl };
      if (confirmParams.receipt_email) params.receipt_email = confirmParams.receipt_email;
      const intent = await api(this.key, "POST", `/v1/payment_intents/${idOf(secret)}/confirm`, params);
      if (intent.error) return { error: intent.error };
      return this.#after(intent, redirect === "always" ? returnUrl : null);
    }

    async handleNextAction({ clientSecret }) {
      const found = await this.retrievePaymentIntent(clientSecret);
      return found.error ? found : this.#after(found.paymentIntent, null);
    }

    async #method(elements, confirmParams) {
      if (confirmParams.payment_method) return { paymentMethod: confirmParams.payment_method };
      const element = elements?.getElement("payment");
      if (!element) return failure("validation_error", "There is no payment element to take a card from.");
      return element.ask("exchange", { billing: confirmParams.payment_method_data?.billing_details });
    }

    // Off to the bank's check or back to the merchant's page; a page that is being left gets no answer.
    #after(intent, returnUrl) {
      const challenge = intent.next_action?.redirect_to_url?.url;
      if (intent.status === "requires_action" && challenge) return this.#leave(challenge);
      if (!returnUrl) return { paymentIntent: intent };
      const url = new URL(returnUrl, location.href);
      url.searchParams.set("payment_intent", intent.id);
      url.searchParams.set("payment_intent_client_secret", intent.client_secret);
      url.searchParams.set("redirect_status", intent.status === "requires_payment_method" ? "failed" : "succeeded");
      return this.#leave(url.href);
    }

    #leave(url) {
      location.assign(url);
      return new Promise(() => {});
    }
  }

  window.Stripe = (key) => {
    if (!/^pk_(test|live)_\w+/.test(key ?? "")) throw new TypeError("Stripe() needs a publishable key (pk_test_…).");
    return new StripeStandIn(key);
  };
  window.Stripe.version = "v3";
})();
