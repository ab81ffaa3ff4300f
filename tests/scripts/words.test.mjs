import assert from "node:assert/strict";
import { test } from "node:test";

import { timesOf } from "../../app/web/static/words.js";

test("times of words: read: count on from the line's start", () => {
  assert.deepEqual(timesOf("0 4 0 300 1 1 360 250", 12_000), [
    { before: 0, length: 4, start: 12_000, end: 12_300 },
    { before: 1, length: 1, start: 12_360, end: 12_610 },
  ]);
});

test("times of words: a word that began before the line does: goes back", () => {
  assert.deepEqual(timesOf("0 2 -40 100", 1000), [{ before: 0, length: 2, start: 960, end: 1060 }]);
});

test("times of words: cut off in the middle of a word: leave that out", () => {
  assert.equal(timesOf("0 4 0 300 1 1", 0).length, 1);
});
