import assert from "node:assert/strict";
import { test } from "node:test";

import { mean, meanInterval, median, normalQuantile, outliersOf, studentQuantile, wilson } from "../../../pipeline/analytics/report/statistics.js";

const close = (one, two, within = 1e-4) => assert.ok(Math.abs(one - two) <= within, `${one} is not ${two}`);

test("quantiles are those of the tables", () => {
  close(normalQuantile(0.975), 1.959964, 1e-6);
  close(studentQuantile(0.975, 1), 12.7062);
  close(studentQuantile(0.975, 2), 4.302653);
  close(studentQuantile(0.975, 9), 2.262157);
  close(studentQuantile(0.995, 30), 2.749996);
});

test("Wilson's interval is inside 0 and 1 and holds the share, also for none and all", () => {
  close(wilson(8, 10, 0.95).low, 0.490162);
  close(wilson(8, 10, 0.95).high, 0.943318);
  assert.equal(wilson(0, 5, 0.95).low, 0);
  assert.equal(wilson(5, 5, 0.95).high, 1);
  close(wilson(5, 5, 0.95).low, 0.565518);
});

test("more calls give a narrower interval, two calls a very wide one", () => {
  const width = (count) => {
    const { low, high } = meanInterval(10, 2, count, 0.95);
    return high - low;
  };
  assert.ok(width(2) > 30 && width(10) < 3 && width(1000) < 0.3);
});

test("means and medians", () => {
  assert.equal(mean([1, 2, 6]), 3);
  assert.equal(median([5, 1, 3]), 3);
  assert.equal(median([4, 1, 3, 2]), 2.5);
});

test("a call far from the median is an outlier, and few calls have none", () => {
  const values = [10, 11, 9, 10, 12, 8, 10, null, 11, 60];
  const { median: middle, outliers } = outliersOf(values, 1);
  assert.equal(middle, 10);
  assert.deepEqual(outliers.map(({ number }) => number), [9]);
  close(outliers[0].score, 0.6745 * 50, 1e-9);
  assert.deepEqual(outliersOf([1, 1, 1, 90], 1).outliers, []);
  assert.deepEqual(outliersOf(values, 20).outliers, [], "the lower bound of the deviation counts");
});
