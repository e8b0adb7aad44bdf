import { expect, test } from "vitest";

import { matching, mentioned, mentioningAt } from "./mentions";

test.each([
  ["@", 1, { start: 0, typed: "" }],
  ["hello @he", 9, { start: 6, typed: "he" }],
  ["ada@example", 11, null],
  ["@helper hello", 13, null],
])("%j at %d", (text, caret, expected) => {
  expect(mentioningAt(text, caret)).toEqual(expected);
});

test("any word of a name counts", () => {
  const members = [
    { user_id: "helper", name: "The Helper" },
    { user_id: "ben", name: "ben" },
  ];
  expect(matching(members, "HE").map(({ user_id }) => user_id)).toEqual(["helper"]);
  expect(matching(members, "")).toHaveLength(2);
});

test("who is chosen stands in the text", () => {
  expect(mentioned("so @he there", { start: 3, typed: "he" }, 6, "helper")).toEqual([
    "so @helper  there",
    11,
  ]);
});
