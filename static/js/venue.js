// Opening a venue: zone, country and currency as this browser and the country chosen let guess; a guess gives way to
// what a person writes, and never replaces it.

const { zones, countries } = JSON.parse(document.getElementById("guesses").textContent);
const { country, currency, time_zone: zone } = document.querySelector("form[data-guard]").elements;
const guessed = new Map();

function guess(field, value) {
  const isOurs = field.value === "" || field.value === guessed.get(field);
  if (!value || !isOurs) return;
  field.value = value;
  guessed.set(field, value);
}

function follow() {
  const facts = countries[country.value];
  if (!facts) return;
  const isHere = zones[here]?.[0] === country.value;
  guess(zone, isHere ? zones[here][1] : facts.zone);
  guess(currency, facts.currency);
}

const here = Intl.DateTimeFormat().resolvedOptions().timeZone;
if (zones[here]) guess(country, zones[here][0]);
follow();
country.addEventListener("change", follow);
