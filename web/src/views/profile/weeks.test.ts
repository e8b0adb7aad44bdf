import { expect, test } from "vitest";

import { levelOf, weeksOf } from "./weeks";

test("a year ends with today, in weeks from Monday", () => {
  const weeks = weeksOf([{ day: "2026-11-20", messages: 3 }], new Date(2026, 10, 20));
  expect(weeks).toHaveLength(53);
  expect(weeks.at(-1)).toEqual([
    { day: "2026-11-16", messages: 0 },
    { day: "2026-11-17", messages: 0 },
    { day: "2026-11-18", messages: 0 },
    { day: "2026-11-19", messages: 0 },
    { day: "2026-11-20", messages: 3 },
  ]);
  expect(weeks[0]).toHaveLength(7);
});

test("clocks that change make no day twice", () => {
  const days = weeksOf([], new Date(2026, 10, 20))
    .flat()
    .map((one) => one.day);
  expect(new Set(days).size).toBe(days.length);
});

test.each([
  [0, 10, 0],
  [1, 1000, 1],
  [1000, 1000, 4],
  [1, 1, 4],
])("%d messages where most are %d are level %d", (messages, most, level) => {
  expect(levelOf(messages, most)).toBe(level);
});
