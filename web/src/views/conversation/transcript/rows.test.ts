import { describe, expect, it } from "vitest";

import type { Live } from "../live/types";
import { rowsOf } from "./rows";
import { Talk } from "./store";

const NOON = new Date(2026, 10, 20, 12).getTime();

function talkOf(roles: string, turns: number[], parents?: number[]): Talk {
  const talk = new Talk("s");
  talk.takeOutline({
    ids: [...roles].map((_, place) => `m${place}`),
    parents: parents ?? [...roles].map((_, place) => place - 1),
    roles,
    kinds: "t".repeat(roles.length),
    turns,
    sizes: [...roles].map(() => 40),
    at: [...roles].map((_, place) => NOON + place),
    forgotten: [],
  });
  return talk;
}

function live(more: Partial<Live> = {}, said: Partial<Live["said"]> = {}): Live {
  return {
    said: { key: "k", text: "again", speech: null, edits: null, answers: null, at: NOON, ...said },
    state: "answering",
    failure: null,
    message: null,
    about: {},
    ...more,
  };
}

const shown = (talk: Talk, lives: Live[]) =>
  rowsOf(talk, new Map(), lives, 700)
    .rows.filter((row) => row.kind !== "day")
    .map((row) => ("places" in row ? `${row.kind} ${row.places.join()}` : row.kind));

describe("rows", () => {
  it("end with what is being said and answered", () => {
    expect(shown(talkOf("ua", [0, 0]), [live()])).toEqual([
      "said 0",
      "answer 1",
      "live-said",
      "live-answer",
    ]);
  });

  it("show what was said once when it is on record, and its answer live", () => {
    const talk = talkOf("uaua", [0, 0, 1, 1]);
    const answering = live({ about: { message_id: "m2", turn_id: "t1" } });
    expect(shown(talk, [answering])).toEqual(["said 0", "answer 1", "said 2", "live-answer"]);
  });

  it("keep the row of what was said when it comes on record", () => {
    const talk = talkOf("ua", [0, 0]);
    const before = rowsOf(talk, new Map(), [live()], 700).rows.map((row) => row.key);
    const after = talkOf("uau", [0, 0, 1]);
    const on = [live({ about: { message_id: "m2" } })];
    rowsOf(after, new Map(), on, 700);
    const keys = rowsOf(after, new Map(), on, 700).rows.map((row) => row.key);
    expect(keys).toContain("said-k");
    expect(before).toContain("said-k");
  });

  it("put another version where the first one stood", () => {
    const talk = talkOf("uaua", [0, 0, 1, 1]);
    expect(shown(talk, [live({}, { edits: "m2" })])).toEqual([
      "said 0",
      "answer 1",
      "live-said",
      "live-answer",
    ]);
    expect(shown(talk, [live({}, { text: "", answers: "m0" })])).toEqual(["said 0", "live-answer"]);
  });

  it("leave everything where it is for what could not be sent", () => {
    const talk = talkOf("uaua", [0, 0, 1, 1]);
    const unsent = live({ state: "unsent" }, { edits: "m2" });
    expect(shown(talk, [unsent])).toEqual([
      "said 0",
      "answer 1",
      "said 2",
      "answer 3",
      "live-said",
    ]);
  });
});
