/* A signature drawn with finger, pen or mouse, sent as a PNG with the form. Black on white, whatever the look. */
(() => {
  "use strict";

  const canvas = document.querySelector("canvas[data-signature]");
  if (!canvas) return;
  const value = document.querySelector("[data-signature-value]");
  const pen = canvas.getContext("2d");
  const strokes = [];
  let stroke = null;

  const ink = () => getComputedStyle(canvas).color;

  function paint(target, scale, colour) {
    target.lineWidth = 2.2 * scale;
    target.lineCap = target.lineJoin = "round";
    target.strokeStyle = colour;
    for (const line of strokes) {
      target.beginPath();
      line.forEach(([x, y], index) => (index ? target.lineTo(x * scale, y * scale) : target.moveTo(x * scale, y * scale)));
      if (line.length === 1) target.lineTo(line[0][0] * scale + 0.1, line[0][1] * scale);
      target.stroke();
    }
  }
  function redraw() {
    const ratio = window.devicePixelRatio || 1;
    canvas.width = canvas.clientWidth * ratio;
    canvas.height = canvas.clientHeight * ratio;
    pen.clearRect(0, 0, canvas.width, canvas.height);
    paint(pen, ratio, ink());
  }
  function keep() {
    if (!strokes.length) {
      value.value = "";
      return;
    }
    const sheet = document.createElement("canvas");
    sheet.width = canvas.clientWidth;
    sheet.height = canvas.clientHeight;
    const ground = sheet.getContext("2d");
    ground.fillStyle = "white";
    ground.fillRect(0, 0, sheet.width, sheet.height);
    paint(ground, 1, "black");
    value.value = sheet.toDataURL("image/png");
  }
  const place = (event) => {
    const box = canvas.getBoundingClientRect();
    return [event.clientX - box.left, event.clientY - box.top];
  };

  canvas.addEventListener("pointerdown", (event) => {
    canvas.setPointerCapture(event.pointerId);
    stroke = [place(event)];
    strokes.push(stroke);
    redraw();
  });
  canvas.addEventListener("pointermove", (event) => {
    if (!stroke) return;
    stroke.push(place(event));
    redraw();
  });
  const lift = () => {
    if (!stroke) return;
    stroke = null;
    keep();
  };
  canvas.addEventListener("pointerup", lift);
  canvas.addEventListener("pointercancel", lift);
  document.querySelector("[data-signature-clear]").addEventListener("click", () => {
    strokes.length = 0;
    keep();
    redraw();
  });
  window.addEventListener("resize", redraw);
  redraw();
  // After a fault beside another field the signature is still there.
  if (value.value) {
    const kept = new Image();
    kept.addEventListener("load", () => pen.drawImage(kept, 0, 0, canvas.width, canvas.height));
    kept.src = value.value;
  }
})();
