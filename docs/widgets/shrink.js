/**
 * <pt-shrink>: one slider for the regularization factor λ, five weights under L2 and under L1.
 *
 * The page carries the finished drawing for λ = INITIAL inside the element, so that it is a still figure without
 * JavaScript. This module adds the slider on top of the drawn scale and redraws when the slider moves. What it draws
 * comes from `still`, `panels` and `scale` only: text in, text out, no page needed.
 *
 * The picture is the exact optimum of Σ(w − v)² + penalty(w), see penalties.js.
 */

import { l1Penalty, l2Penalty, ridgeShrinkage, softThreshold } from "./penalties.js";

/** v, the weights without a penalty; the first two are the running example of the site. */
export const WEIGHTS = [3, -4, 1.5, -0.8, 0.3];
/** The factor that the still is drawn for: L1 has set some weights to zero by then, and not all. */
export const INITIAL = 2;
/** Linear, because L1 moves the weights linearly; it ends beyond 2 · max|v| = 8, where L1 has set the last one to zero. */
export const MAXIMUM = 10;
export const STEP = 0.1;

const PENALTIES = [
  {
    name: "L2",
    idea: "all weights shrink, none reaches zero",
    optimum: (factor) => ridgeShrinkage(WEIGHTS, factor),
    penalty: l2Penalty,
    change: (factor) => `÷ ${(1 + factor).toFixed(1)}`,
  },
  {
    name: "L1",
    idea: "all move by the same amount, stop at zero",
    optimum: (factor) => softThreshold(WEIGHTS, factor / 2),
    penalty: l1Penalty,
    change: (factor) => `${(factor / 2).toFixed(2)} towards 0`,
  },
];

// One panel is 340 units wide, a little less than its width in CSS pixels on a phone: text of 13 units stays 13 pixels there.
const WIDTH = 340;
const ZERO = 164; // where w = 0 stands
const UNIT = 29; // length of a weight of 1
const TOP = 26; // room for the names of the columns
const ROW = 26;
const BAR = 15;
const HEIGHT = TOP + ROW * WEIGHTS.length;

const minus = (text) => text.replace("-", "−");
const round = (number) => String(Math.round(number * 100) / 100); // coordinates: a hundredth of a unit is enough
const label = (weight) => (weight === 0 ? "0" : minus(weight.toFixed(2)));
const zeros = (weights) => weights.filter((weight) => weight === 0).length;
const lambda = (factor) => `λ = ${factor.toFixed(1)}`;

function bar(className, weight, y, inset = 0) {
  const x = ZERO + Math.min(weight, 0) * UNIT;
  const size = `width="${round(Math.abs(weight) * UNIT)}" height="${BAR - 2 * inset}"`;
  return `<rect class="${className}" x="${round(x)}" y="${y - BAR / 2 + inset}" ${size}/>`;
}

/** The way from the weight without to the weight with the penalty: the same length in every row, or not. */
function arrow(from, to, y) {
  const [start, end] = [from, to].map((weight) => ZERO + weight * UNIT);
  const head = Math.sign(start - end) * Math.min(5, Math.abs(start - end));
  if (head === 0) return "";
  return `<path class="pt-arrow" d="M${round(start)} ${y}H${round(end)}m${round(head)} -4L${round(end)} ${y}l${round(head)} 4"/>`;
}

function row(before, after, index) {
  const y = TOP + ROW * (index + 0.5);
  const gone = after === 0;
  return [
    `<text x="0" y="${y + 5}">${minus(String(before))}</text>`,
    bar("pt-before", before, y),
    gone ? "" : bar("pt-after", after, y),
    arrow(before, after, y),
    gone ? `<circle class="pt-gone" cx="${ZERO}" cy="${y}" r="5.5"/>` : "",
    `<text class="pt-now" x="${WIDTH}" y="${y + 5}">${label(after)}</text>`,
  ].join("");
}

function describe(name, factor, weights) {
  const changes = weights.map((weight, index) => `${minus(String(WEIGHTS[index]))} becomes ${label(weight)}`).join(", ");
  const count = zeros(weights);
  const outcome = count === 0 ? "No weight is zero." : `${count} of ${weights.length} weights are exactly zero.`;
  return `${name} at ${lambda(factor)}, a bar for each weight: ${changes}. ${outcome}`;
}

function panel({ name, idea, optimum, penalty, change }, factor) {
  const weights = optimum(factor);
  return `<div class="pt-panel pt-panel--${name.toLowerCase()}">
<p class="pt-panel__idea"><strong>${name}</strong> ${idea}</p>
<svg viewBox="0 0 ${WIDTH} ${HEIGHT}" role="img" aria-label="${describe(name, factor, weights)}">
<g class="pt-columns"><text x="0" y="13">no penalty</text><text x="${ZERO}" y="13">0</text><text x="${WIDTH}" y="13">with ${name}(${factor.toFixed(1)})</text></g>
${weights.map((weight, index) => row(WEIGHTS[index], weight, index)).join("\n")}
<path class="pt-zero" d="M${ZERO} 19V${HEIGHT}"/>
</svg>
<dl class="pt-facts">
<div><dt>Each weight</dt><dd>${change(factor)}</dd></div>
<div><dt>Penalty</dt><dd>${penalty(weights, factor).toFixed(2)}</dd></div>
<div><dt>Exact zeros</dt><dd>${zeros(weights)} of ${weights.length}</dd></div>
</dl>
</div>`;
}

/** Both panels at a factor, as HTML. */
export function panels(factor) {
  return PENALTIES.map((penalty) => panel(penalty, factor)).join("\n");
}

/** The slider's scale at a factor, as SVG without a viewBox: its text keeps its size however wide the figure is. */
export function scale(factor) {
  const at = (value) => `${round((100 * value) / MAXIMUM)}%`;
  const ticks = [0, 2, 4, 6, 8, 10].map((tick) => `<text x="${at(tick)}" y="52">${tick}</text>`).join("");
  return `<svg aria-hidden="true">
<line class="pt-rail" x1="0" x2="100%" y1="22" y2="22"/><line class="pt-rail pt-rail--done" x1="0" x2="${at(factor)}" y1="22" y2="22"/>
<circle class="pt-mark" cx="${at(factor)}" cy="22" r="13"/>
${ticks}
</svg>`;
}

/** All that the page carries inside the element, as HTML. */
export function still(factor = INITIAL) {
  return `<div class="pt-pair">
${panels(factor)}
</div>
<div class="pt-slider">
<p class="pt-slider__name"><label>Regularization factor</label> <span class="pt-slider__value">${lambda(factor)}</span></p>
<div class="pt-slider__scale">
${scale(factor)}
</div>
</div>`;
}

/** What a screen reader says while the slider moves. */
export function outcome(factor) {
  const said = PENALTIES.map(({ name, optimum }) => `${name} ${zeros(optimum(factor)) || "none"}`).join(", ");
  return `${lambda(factor)}; weights at zero: ${said}`;
}

/** What a screen reader says once the slider has come to rest. */
export function summary(factor) {
  const said = PENALTIES.map(({ name, optimum, penalty }) => `${name} ${penalty(optimum(factor), factor).toFixed(2)}`);
  return `Penalty: ${said.join(", ")}`;
}

const REST = 1000; // milliseconds without a move: long enough for the slider's own announcement

class PtShrink extends HTMLElement {
  connectedCallback() {
    if (this.slider) return; // moved within the page
    if (!this.querySelector(".pt-slider")) this.innerHTML = still();

    this.slider = document.createElement("input");
    Object.assign(this.slider, { type: "range", min: 0, max: MAXIMUM, step: STEP, value: INITIAL, autocomplete: "off" });
    this.slider.id = "pt-shrink-factor";
    this.querySelector("label").htmlFor = this.slider.id;
    this.slider.setAttribute("aria-valuetext", outcome(INITIAL));
    this.slider.addEventListener("input", () => this.move());

    this.status = document.createElement("p");
    this.status.className = "pt-heard";
    this.status.setAttribute("role", "status");

    this.querySelector(".pt-slider__scale").append(this.slider);
    this.append(this.status);
  }

  move() {
    const factor = this.slider.valueAsNumber;
    this.querySelector(".pt-pair").innerHTML = panels(factor);
    this.querySelector(".pt-slider__value").textContent = lambda(factor);
    this.querySelector(".pt-slider__scale > svg").outerHTML = scale(factor);
    this.slider.setAttribute("aria-valuetext", outcome(factor));
    clearTimeout(this.rest);
    this.rest = setTimeout(() => (this.status.textContent = summary(factor)), REST);
  }
}

customElements.define("pt-shrink", PtShrink);
