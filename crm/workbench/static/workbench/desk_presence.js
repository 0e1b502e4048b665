/* Presence: tells the others that this ticket is open or being answered, and shows who else has it open. */
(() => {
  "use strict";

  const SPEAK = 20000;
  const IDLE = 5000;
  const GONE = 45000;
  const { body, main } = window.KeanDesk;
  const settings = () => document.getElementById("main").dataset;
  let told = null; // {url, ticket, state}
  let idle = 0;
  const others = new Map(); // ticket → Map(person → {name, state, until})

  function tell(state, read = "") {
    if (!main()) return Promise.resolve();
    const url = main().dataset.hereUrl;
    told = { url, ticket: main().dataset.ticket, state };
    return window.Kean.post(url, { state, read })
      .then((answer) => (answer.ok ? answer.json() : { people: [] }))
      .then(({ people }) => {
        const known = new Map(people.map((one) => [one.id, { ...one, until: Date.now() + GONE }]));
        others.set(told.ticket, known);
        draw();
      })
      .catch(() => undefined); // who is there is not worth a message when the line is down
  }
  function leave() {
    if (!told) return;
    const form = new FormData();
    form.append("state", "left");
    form.append("csrfmiddlewaretoken", document.body.dataset.csrf);
    navigator.sendBeacon(told.url, form);
    told = null;
  }
  function arrive() {
    if (told && told.ticket === main()?.dataset.ticket) return;
    leave();
    if (main() && document.visibilityState === "visible") tell("looking", "1");
  }

  /* What is open is read, also before the list is drawn anew. */
  function markRead() {
    const row = main() && document.visibilityState === "visible" && document.querySelector(`.d-row[data-number="${main().dataset.number}"]`);
    if (!row) return;
    row.classList.remove("is-unread");
    row.querySelector(".d-unread")?.remove();
  }
  const icon = (state) => {
    const sign = document.createElement("i");
    sign.className = `ti ti-${state === "typing" ? "pencil" : "eye"}`;
    sign.setAttribute("aria-hidden", "true");
    return sign;
  };
  function present(ticket) {
    const known = others.get(ticket);
    return known ? [...known.values()].filter((one) => one.until > Date.now() && one.state !== "left") : null;
  }
  function draw() {
    const line = document.getElementById("desk-here");
    const here = line && present(main().dataset.ticket);
    if (here) {
      line.replaceChildren(...here.map((one) => {
        const item = document.createElement("span");
        item.dataset.state = one.state;
        item.append(icon(one.state), `${one.name} ${settings()[one.state]}`);
        return item;
      }));
    }
    document.querySelectorAll("[data-here]").forEach((cell) => {
      const people = present(cell.dataset.here);
      if (!people) return;
      cell.replaceChildren(...people.map((one) => {
        const item = document.createElement("span");
        item.title = `${one.name} ${settings()[one.state]}`;
        item.append(icon(one.state));
        return item;
      }));
    });
  }

  document.addEventListener("kean:presence.changed", (event) => {
    const { ticket, id, name, state } = event.detail;
    if (String(id) === settings().me) return;
    const key = String(ticket);
    if (!others.has(key)) others.set(key, new Map());
    others.get(key).set(id, { id, name, state, until: Date.now() + GONE });
    draw();
  });
  document.addEventListener("input", (event) => {
    if (event.target !== body()) return;
    clearTimeout(idle);
    if (told?.state !== "typing") tell("typing");
    idle = setTimeout(() => { if (told?.state === "typing") tell("looking"); }, IDLE);
  });
  document.addEventListener("htmx:afterSettle", (event) => {
    if (event.target.id === "desk-ticket") {
      arrive();
      markRead();
    }
    if (event.target.id === "desk-list") { markRead(); draw(); }
  });
  document.addEventListener("kean:thread", () => { if (document.visibilityState === "visible") tell(told?.state || "looking", "1"); });
  document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") arrive(); else leave(); });
  window.addEventListener("pagehide", leave);
  document.addEventListener("kean:ready", () => {
    arrive();
    markRead();
    setInterval(() => { if (told) tell(told.state); draw(); }, SPEAK);
  });
})();
