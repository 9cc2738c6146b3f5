// Keeps part of a page as it is on the server.
//
//   <div data-live-url="…" data-live-channel="private-booking-X private-venue-y" data-live-version="…">…</div>
//
// `data-live-url` answers with the new content; its first element bears `data-live-state` (replaced only when that
// differs from `data-live-version`), `data-live-poll` (seconds, while something is under way) and `data-live-say`
// (a sentence for screen readers, put into [data-live-status]). It is asked for on every `booking-updated` and every
// (re)subscription at Pusher, and every 15 s where Pusher is off or down.

const SLOW_SECONDS = 15;
const config = document.querySelector("meta[name='pusher']")?.dataset;
const regions = [...document.querySelectorAll("[data-live-url]")];

class Region {
  constructor(element) {
    this.element = element;
    this.channels = (element.dataset.liveChannel || "").split(" ").filter(Boolean);
    this.subscribed = new Set();
    this.timer = 0;
    this.plan();
  }

  get isFed() {
    return this.channels.length > 0 && this.subscribed.size === this.channels.length;
  }

  // What is under way is asked for even with Pusher: a lost message must not leave a guest waiting.
  plan() {
    clearTimeout(this.timer);
    if (this.isOver) return;
    const quick = Number(this.element.firstElementChild?.dataset.livePoll);
    if (quick || !this.isFed) this.timer = setTimeout(() => this.refresh(), (quick || SLOW_SECONDS) * 1000);
  }

  async refresh() {
    if (document.hidden) return this.plan();
    if (this.running) {
      this.again = true;
      return undefined;
    }
    this.running = true;
    try {
      await this.fetch();
    } catch {
      // Offline, or the server restarts: the next turn will tell.
    }
    this.running = false;
    if (this.again) {
      this.again = false;
      return this.refresh();
    }
    return this.plan();
  }

  async fetch() {
    const answer = await fetch(this.element.dataset.liveUrl, { headers: { "X-Requested-With": "live" }, cache: "no-store" });
    // Logged out, or the link was withdrawn: nothing more to see from here.
    if (answer.redirected || answer.status === 403 || answer.status === 404) this.isOver = true;
    if (answer.ok && !answer.redirected) this.show(await answer.text());
  }

  show(html) {
    const content = new DOMParser().parseFromString(html, "text/html").body;
    const fresh = content.firstElementChild;
    const state = fresh?.dataset.liveState;
    const isBusy = this.element.querySelector("form[data-sent]");
    if (state === undefined || state === this.element.dataset.liveVersion || isBusy) return;
    const restore = remember(this.element);
    this.element.replaceChildren(...content.childNodes);
    this.element.dataset.liveVersion = state;
    restore();
    const status = document.querySelector("[data-live-status]");
    if (status && fresh.dataset.liveSay) status.textContent = fresh.dataset.liveSay;
    document.dispatchEvent(new CustomEvent("live:updated"));
  }
}

// What the reader has unfolded, typed and focused stays so in the new content, where it bears the same id.
function remember(element) {
  const unfolded = [...element.querySelectorAll("details[id][open]")].map(({ id }) => id);
  const typed = [...element.querySelectorAll("input[id], textarea[id]")].filter((field) => field.value !== field.defaultValue);
  const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
  return () => {
    for (const id of unfolded) document.getElementById(id)?.setAttribute("open", "");
    for (const { id, value } of typed) {
      const field = document.getElementById(id);
      if (field) field.value = value;
    }
    if (focused) document.getElementById(focused)?.focus();
  };
}

function csrfToken() {
  return config.csrf || document.querySelector("input[name='csrfmiddlewaretoken']")?.value || cookie(/csrftoken=([^;]+)/);
}

function cookie(pattern) {
  return document.cookie.match(pattern)?.[1] || "";
}

function connect() {
  const secure = window.location.protocol === "https:";
  const own = config.host ? { wsHost: config.host, wsPort: Number(config.port), wssPort: Number(config.port) } : {};
  return new window.Pusher(config.key, {
    cluster: config.cluster || "mt1",
    forceTLS: secure || !config.host,
    enabledTransports: ["ws", "wss"],
    enableStats: false,
    channelAuthorization: { endpoint: config.auth, transport: "ajax", headers: { "X-CSRFToken": csrfToken() } },
    ...own,
  });
}

function listen(pusher, region) {
  for (const name of region.channels) {
    const channel = pusher.subscribe(name);
    channel.bind("pusher:subscription_succeeded", () => {
      region.subscribed.add(name);
      region.refresh();
    });
    channel.bind("pusher:subscription_error", () => region.subscribed.delete(name));
    channel.bind("booking-updated", () => region.refresh());
  }
}

const live = regions.map((element) => new Region(element));
const refreshAll = () => live.forEach((region) => region.refresh());

if (config?.key && window.Pusher && live.some((region) => region.channels.length)) {
  const pusher = connect();
  live.forEach((region) => listen(pusher, region));
  pusher.connection.bind("state_change", ({ current }) => {
    if (current === "connected") return;
    for (const region of live) {
      region.subscribed.clear();
      region.plan();
    }
  });
}
// A page that comes back to the front, or a deadline that has passed, looks at once.
document.addEventListener("visibilitychange", () => document.hidden || refreshAll());
document.addEventListener("live:due", () => setTimeout(refreshAll, 1500));
window.addEventListener("pageshow", (event) => event.persisted && refreshAll());
