import assert from "node:assert/strict";
import { test } from "node:test";

import { before } from "../../app/web/static/reading.js";

const lines = [0, 4000, 9000].map((start) => ({ start, end: start + 3000, element: /** @type {any} */ (null) }));

test("the line at a moment: between two: is the one that began last", () => {
  assert.equal(before(lines, 3999), 0);
  assert.equal(before(lines, 4000), 1);
  assert.equal(before(lines, 60_000), 2);
});

test("the line at a moment: nobody has spoken so far: is none", () => {
  assert.equal(before(lines, -1), -1);
  assert.equal(before([], 1000), -1);
});
