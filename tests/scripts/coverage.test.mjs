import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { Coverage } from "../../app/web/static/coverage.js";

/** @type {string[]} */
let told = [];
let inTouch = true;
globalThis.window = /** @type {any} */ ({ addEventListener: () => undefined });
globalThis.document = /** @type {any} */ ({ getElementById: () => null });
globalThis.fetch = /** @type {any} */ (
  async (_address, { body }) => {
    if (!inTouch) throw new TypeError("away");
    told.push(body.get("spans"));
    return { ok: true };
  }
);

/** @param {Coverage} coverage @param {number} from @param {number} to */
function play(coverage, from, to) {
  for (let ms = from; ms <= to; ms += 100) coverage.playing(ms);
}

beforeEach(() => {
  told = [];
  inTouch = true;
});

test("coverage: played in one go: is one span", () => {
  const coverage = new Coverage("/heard", () => undefined);
  play(coverage, 0, 5000);
  coverage.rest();
  assert.deepEqual(told, ["0-5000"]);
});

test("coverage: jumped over a part: does not count it as heard", () => {
  const coverage = new Coverage("/heard", () => undefined);
  play(coverage, 0, 1000);
  play(coverage, 60_000, 61_000);
  play(coverage, 30_000, 30_500);
  coverage.rest();
  assert.deepEqual(told, ["0-1000,60000-61000,30000-30500"]);
});

test("coverage: a blink of sound: is not heard", () => {
  const coverage = new Coverage("/heard", () => undefined);
  play(coverage, 0, 100);
  coverage.rest();
  assert.deepEqual(told, []);
});

test("coverage: box out of touch: is told with the next", async () => {
  const coverage = new Coverage("/heard", () => undefined);
  inTouch = false;
  play(coverage, 0, 1000);
  coverage.rest();
  await new Promise((done) => setTimeout(done, 0));
  inTouch = true;
  play(coverage, 5000, 6000);
  coverage.rest();
  assert.deepEqual(told, ["0-1000,5000-6000"]);
});

test("coverage: the box has it: the page is asked to look anew", async () => {
  let looked = 0;
  const coverage = new Coverage("/heard", () => (looked += 1));
  play(coverage, 0, 1000);
  coverage.rest();
  await new Promise((done) => setTimeout(done, 0));
  assert.equal(looked, 1);
});
