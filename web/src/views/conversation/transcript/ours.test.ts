import { describe, expect, it } from "vitest";

import { oursIn } from "./ours";

const A = "019aa000-0000-7000-8000-000000000001";
const B = "019aa000-0000-7000-8000-000000000002";
const to = (text: string, beside = {}) => oursIn(text, beside).flatMap((part) => part.to ?? []);

describe("what is ours in a tool's output", () => {
  it("is what its field says", () => {
    expect(to(A, { session_id: A })).toEqual([{ session: A }]);
    expect(to(B, { session_id: A, message_id: B })).toEqual([{ session: A, message: B }]);
    expect(to(B, { memory_id: B })).toEqual([{ memory: B }]);
    expect(to(B, { type: "memory", id: B })).toEqual([{ memory: B }]);
  });

  it("is what a sentence says", () => {
    expect(to(`in session ${A}/messages/${B} it says`)).toEqual([{ session: A, message: B }]);
    expect(to(`memory ${B}.`)).toEqual([{ memory: B }]);
  });

  it("is no id that nobody placed", () => {
    expect(to(`order ${A}`, { order: `order ${A}` })).toEqual([]);
  });

  it("leaves the text as it was", () => {
    const text = `a session ${A} b memory ${B} c`;
    expect(
      oursIn(text, {})
        .map((part) => part.part)
        .join(""),
    ).toBe(text);
  });
});
