import { expect, test } from "vitest";

import { quoteOf } from "./quotes";

const shown = ({ text, marks }: ReturnType<typeof quoteOf>) =>
  marks.map(([start, end]) => [...text].slice(start, end).join(""));

test("a span is marked where it stands, counted in code points", () => {
  const text = "🦉🦉 my favourite colour is blue, you know";
  const quote = quoteOf(text, { start: 3, end: 31 });
  expect(quote.text).toBe(text);
  expect(shown(quote)).toEqual(["my favourite colour is blue,"]);
});

test("what stands far around is cut, and says so", () => {
  const text = `${"a".repeat(100)}needle${"b".repeat(100)}`;
  const quote = quoteOf(text, { start: 100, end: 106 }, 5);
  expect(quote.text).toBe("…aaaaaneedlebbbbb…");
  expect(shown(quote)).toEqual(["needle"]);
});

test("without a span it is the beginning", () => {
  expect(quoteOf("x".repeat(300), { start: null, end: null })).toEqual({
    text: `${"x".repeat(240)}…`,
    marks: [],
  });
});
