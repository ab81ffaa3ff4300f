import assert from "node:assert/strict";
import { test } from "node:test";

import { clock } from "../../app/web/static/player.js";

test("clock: any place of a recording: reads as the margin shows it", () => {
  assert.equal(clock(0), "0:00");
  assert.equal(clock(7_900), "0:07");
  assert.equal(clock(723_000), "12:03");
  assert.equal(clock(3_765_000), "1:02:45");
  assert.equal(clock(-5), "0:00");
});
