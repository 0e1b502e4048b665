/* Charts: each [data-chart] names a JSON script with {days, series: [{name, kind, values}]}.
   Colours are read from the tokens, so both looks and later changes need nothing here. */
"use strict";
(() => {
  const charts = new Map();

  /* A custom property may hold light-dark(…); only an element's own colour is resolved. */
  function colours(names) {
    const probe = document.createElement("span");
    document.body.append(probe);
    const found = names.map((name) => {
      probe.style.color = `var(${name})`;
      return getComputedStyle(probe).color;
    });
    probe.remove();
    return found;
  }

  function options(data) {
    const [first, second, text, line, ground] = colours(["--k-chart-1", "--k-chart-2", "--k-text-3", "--k-line", "--k-raised"]);
    const axis = { axisLabel: { color: text }, axisLine: { lineStyle: { color: line } }, axisTick: { show: false }, splitLine: { lineStyle: { color: line } } };
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    return {
      animation: !still,
      color: [first, second],
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily },
      grid: { left: 4, right: 8, top: 40, bottom: 4, containLabel: true },
      legend: { left: 0, top: 4, itemWidth: 14, textStyle: { color: text } },
      // Rich text, because HTML in a tooltip would carry inline styles.
      tooltip: { trigger: "axis", renderMode: "richText", backgroundColor: ground, borderColor: line, textStyle: { color: text } },
      xAxis: { ...axis, type: "category", data: data.days, splitLine: { show: false } },
      yAxis: { ...axis, type: "value", minInterval: 1, axisLine: { show: false } },
      series: data.series.map((item) => ({
        name: item.name,
        type: item.kind,
        data: item.values,
        barMaxWidth: 26,
        symbolSize: 7,
        symbol: "diamond",
        itemStyle: item.kind === "bar" ? { borderRadius: [3, 3, 0, 0] } : {},
      })),
    };
  }

  function draw(element) {
    const source = document.getElementById(element.dataset.chart);
    if (!source || !window.echarts) return;
    const chart = charts.get(element) || window.echarts.init(element);
    charts.set(element, chart);
    chart.setOption(options(JSON.parse(source.textContent)), true);
  }
  const drawAll = () => document.querySelectorAll("[data-chart]").forEach(draw);

  document.addEventListener("DOMContentLoaded", drawAll);
  window.addEventListener("resize", () => charts.forEach((chart) => chart.resize()));
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", drawAll);
  new MutationObserver(drawAll).observe(document.documentElement, { attributeFilter: ["data-bs-theme"] });
})();
