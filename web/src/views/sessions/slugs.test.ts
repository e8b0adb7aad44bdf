import { expect, test } from "vitest";

import { slugOf } from "./slugs";

test.each([
  ["Boat shed", "boat-shed"],
  ["  Été à Oslo! ", "ete-a-oslo"],
  ["旅行", "n" + (0).toString(36)],
  ["x".repeat(99), "x".repeat(60)],
])("%j becomes an address", (name, slug) => {
  expect(slugOf(name, 0)).toBe(slug);
});
