import { expect, test } from "vitest";

import { matching, mentioned, mentioningAt, namedIn } from "./mentions";

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

test("who is named answers in the order of the names", () => {
  const assistants = [
    { user_id: "helper", name: "Helper" },
    { user_id: "cook", name: "The Cook" },
    { user_id: "he", name: "He" },
  ];
  const named = (text: string) => namedIn(text, assistants).map(({ user_id }) => user_id);
  expect(named("@the cook and @helper, what now?")).toEqual(["cook", "helper"]);
  expect(named("Helper: hello")).toEqual(["helper"]);
  expect(named("mail helper@cook.example")).toEqual([]);
});
