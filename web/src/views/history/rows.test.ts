import { describe, expect, it } from "vitest";

import { headingOf, monthBounds, monthOf } from "./months";
import type { Session } from "./queries";
import { between, rowOfMonth, rowsOf, stepFrom, type Row } from "./rows";

const NOW = new Date(2026, 10, 20, 12);
const said = (id: string, at: Date): Session =>
  ({ id, last_message_at: at.toISOString() }) as Session;
const shown = (rows: Row[]) =>
  rows.map((row) =>
    row.kind === "head" ? `# ${row.heading}` : row.kind === "session" ? row.key : "·",
  );

describe("headings", () => {
  it("name near days, then months", () => {
    const days = [0, 1, 2, 7, 8, 30, 31].map((n) => new Date(2026, 10, 20 - n, 23, 59));
    expect(days.map((day) => headingOf(day, NOW))).toEqual([
      "today",
      "yesterday",
      "week",
      "week",
      "thirty",
      "thirty",
      "2026-10",
    ]);
  });

  it("put what comes from a clock ahead of ours under today", () => {
    expect(headingOf(new Date(2026, 10, 22), NOW)).toBe("today");
  });

  it("give a month its bounds, over the end of a year", () => {
    const { since, until } = monthBounds("2025-12");
    expect([monthOf(new Date(since)), monthOf(new Date(until))]).toEqual(["2025-12", "2026-01"]);
  });
});

describe("rows", () => {
  const today = said("a", NOW);
  const october = said("b", new Date(2026, 9, 3));
  const months = [
    { month: "2026-11", sessions: 1 },
    { month: "2026-10", sessions: 3 },
    { month: "2026-01", sessions: 2 },
  ];

  it("leave a blank for each conversation that is not loaded", () => {
    const rows = rowsOf({
      months,
      pinned: [],
      loaded: new Map([["2026-11", [today]]]),
      now: NOW,
    });
    expect(shown(rows)).toEqual(["# today", "a", "·", "·", "·", "# 2026-01", "·", "·"]);
  });

  it("show a pinned one once, above, loaded or not", () => {
    const loaded = new Map([["2026-11", [today]]]);
    const rows = rowsOf({ months, pinned: [october], loaded, now: NOW });
    expect(shown(rows).slice(0, 6)).toEqual(["# pinned", "b", "# today", "a", "·", "·"]);
    const all = new Map([...loaded, ["2026-10", [october]] as const]);
    expect(shown(rowsOf({ months, pinned: [october], loaded: all, now: NOW }))).toEqual([
      "# pinned",
      "b",
      "# today",
      "a",
      "# 2026-01",
      "·",
      "·",
    ]);
  });

  it("are found by month, and stepped through over headings", () => {
    const rows = rowsOf({ months, pinned: [], loaded: new Map([["2026-11", [today]]]), now: NOW });
    expect(rowOfMonth(rows, "2026-01")).toBe(5);
    expect(rowOfMonth(rows, "2026-05")).toBe(5);
    expect(rowOfMonth(rows, "2020-01")).toBe(7);
    expect(stepFrom(rows, 4, 1)).toBe(6);
    expect(stepFrom(rows, 1, -1)).toBe(-1);
  });

  it("between two are those of the list, in either direction", () => {
    const loaded = new Map([["2026-11", ["a", "b", "c", "d"].map((id) => said(id, NOW))]]);
    const rows = rowsOf({ months: months.slice(0, 1), pinned: [], loaded, now: NOW });
    expect(between(rows, "d", "b")).toEqual(["b", "c", "d"]);
    expect(between(rows, "gone", "b")).toEqual(["b"]);
  });
});
