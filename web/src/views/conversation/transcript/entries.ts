/** What stands below each other on the screen: days, what people said, what was answered to it. */
import { daysBetween } from "~/state/times";

import type { Outline } from "../types";

export type Entry =
  | { kind: "day"; key: string; at: number; height: number }
  | { kind: "said"; key: string; places: readonly number[]; at: number; height: number }
  | {
      kind: "answer";
      key: string;
      /** Empty when nothing was answered: then it says why. */
      places: readonly number[];
      /** The message that is answered; -1 for none. */
      asked: number;
      at: number;
      height: number;
    };

const LINE = 27;
const MOST_SHOWN = 20_000;

/** The entries of a way down. `hidden` places are left out: a live answer stands there instead. */
export function entriesOf(
  outline: Outline,
  path: readonly number[],
  hidden: ReadonlySet<number>,
  width = 700,
): Entry[] {
  const entries: Entry[] = [];
  // An error is what was answered, whoever wrote it down.
  const said = (place: number) =>
    outline.roles[place] === "u" || (outline.roles[place] === "s" && outline.kinds[place] !== "e");
  const lines = (place: number) => linesOf(outline, place, width);
  let day = Number.NaN;
  let asked = -1;
  for (let n = 0; n < path.length;) {
    const first = path[n] ?? 0;
    const at = outline.at[first] ?? 0;
    const turn = outline.turns[first];
    const theirs = said(first);
    const places: number[] = [];
    for (; n < path.length; n++) {
      const place = path[n] ?? 0;
      if (said(place) !== theirs || outline.turns[place] !== turn) break;
      // Two messages of one person in one turn are a speech and its words.
      if (!hidden.has(place)) places.push(place);
    }
    const last = path[n - 1] ?? first;
    if (theirs) asked = last;
    if (!places.length) continue;
    if (Number.isNaN(day) || daysBetween(new Date(day), new Date(at)) !== 0) {
      entries.push({ kind: "day", key: `d${at}`, at, height: 56 });
      day = at;
    }
    const key = outline.ids[first] ?? `${first}`;
    const height = places.reduce((sum, place) => sum + lines(place) * LINE, theirs ? 64 : 92);
    if (theirs) {
      entries.push({ kind: "said", key, places, at, height });
      // Nothing came of it: then what became of its turn is told below it.
      const next = path[n];
      const answered = (next !== undefined && !said(next)) || hidden.has(next ?? -1);
      if (!answered && outline.roles[last] === "u")
        entries.push({ kind: "answer", key: `e${key}`, places: [], asked, at, height: 8 });
    } else entries.push({ kind: "answer", key, places, asked, at, height });
  }
  return entries;
}

function linesOf(outline: Outline, place: number, width: number): number {
  const kind = outline.kinds[place];
  if (kind === "r") return 0;
  if (kind !== "t") return 1.5;
  const characters = Math.min(outline.sizes[place] ?? 0, MOST_SHOWN);
  return Math.max(1, Math.ceil(characters / (width / 8.2)) + Math.floor(characters / 400));
}

/** The entry that shows a place; -1 when it is on another way. */
export function entryOf(entries: readonly Entry[], place: number): number {
  return entries.findIndex((entry) => entry.kind !== "day" && entry.places.includes(place));
}
