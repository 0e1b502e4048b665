/* The clock behind heartbeat.js. Ends by itself when the session has ended. */
"use strict";

const EVERY = 15000;
const others = new BroadcastChannel("kean-presence");
others.onmessage = (event) => self.postMessage(event.data);

async function beat({ url, token }) {
  const answer = await fetch(url, {
    method: "POST",
    redirect: "manual",
    headers: { "X-CSRFToken": token, "Kean-Background": "1" },
  });
  if (!answer.ok) return answer.type !== "opaqueredirect" && answer.status !== 403;
  const { availability } = await answer.json();
  self.postMessage(availability);
  others.postMessage(availability);
  return true;
}

function speak(given) {
  return new Promise((done) => {
    const next = () =>
      beat(given)
        .catch(() => true) // no network: it may come back
        .then((goesOn) => (goesOn ? setTimeout(next, EVERY) : done()));
    next();
  });
}

self.onmessage = (event) => {
  if (self.navigator.locks) self.navigator.locks.request("kean-heartbeat", () => speak(event.data));
  else speak(event.data);
};
