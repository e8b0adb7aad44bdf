/** All rows of the transcript: what is recorded on the way that is shown, and below it what happens just now. */
import type { Live } from "../live/types";
import type { Outline } from "../types";
import { entriesOf, type Entry } from "./entries";
import type { Talk } from "./store";
import { pathOf, treeOf, type Chosen, type Tree } from "./tree";

export type Row =
  | Entry
  | { kind: "live-said"; key: string; live: Live; height: number }
  | { kind: "live-answer"; key: string; live: Live; height: number };

export interface Rows {
  tree: Tree | null;
  rows: Row[];
}

/** Of one outline: what is the same for every drawing while an answer grows. */
interface Known {
  tree: Tree;
  places: ReadonlyMap<string, number>;
  entries: { of: string; chosen: Chosen; rows: Entry[] } | null;
}
const known = new WeakMap<Outline, Known>();

function knownOf(outline: Outline): Known {
  const before = known.get(outline);
  if (before) return before;
  const places = new Map(outline.ids.map((id, place) => [id, place]));
  const made: Known = { tree: treeOf(outline), places, entries: null };
  known.set(outline, made);
  return made;
}

export function rowsOf(talk: Talk, chosen: Chosen, lives: readonly Live[], width: number): Rows {
  const { outline } = talk;
  const rows: Row[] = [];
  let tree: Tree | null = null;
  if (outline) {
    const here = knownOf(outline);
    const { places } = here;
    tree = here.tree;
    const hidden = hiddenBy(talk, lives, places);
    const of = [width, ...hidden, ...lives.map(cuts)].join();
    if (here.entries?.of !== of || here.entries.chosen !== chosen) {
      const path = cutFor(pathOf(tree, chosen), lives, places);
      here.entries = { of, chosen, rows: entriesOf(outline, path, hidden, width) };
    }
    for (const entry of here.entries.rows) {
      // What became of a turn that is being answered is not known yet.
      if (entry.kind === "answer" && !entry.places.length && isLive(entry.asked, talk, lives))
        continue;
      const key = talk.aliases.get(entry.key);
      rows.push(key ? { ...entry, key } : entry);
    }
    for (const live of lives) {
      const { message_id } = live.about;
      if (message_id && places.has(message_id))
        talk.aliases.set(message_id, `said-${live.said.key}`);
    }
    for (const row of liveRows(lives, places)) rows.push(row);
  } else rows.push(...liveRows(lives, new Map()));
  return { tree, rows };
}

function liveRows(lives: readonly Live[], places: ReadonlyMap<string, number>): Row[] {
  return lives.flatMap((live): Row[] => {
    const { said, about, state } = live;
    const recorded = !!about.message_id && places.has(about.message_id);
    const spoke = said.text || said.speech || (said.answers && state === "unsent");
    const rows: Row[] = [];
    if (spoke && !recorded)
      rows.push({ kind: "live-said", key: `said-${said.key}`, live, height: 90 });
    if (state !== "unsent")
      rows.push({ kind: "live-answer", key: `live-${said.key}`, live, height: 90 });
    return rows;
  });
}

/** All of a live turn that `cutFor` looks at. */
const cuts = ({ said, about, state }: Live): string =>
  `${said.edits} ${said.answers} ${about.message_id} ${state === "unsent"}`;

/** A version that is being made stands where the one before it stood. */
function cutFor(
  path: readonly number[],
  lives: readonly Live[],
  places: ReadonlyMap<string, number>,
): readonly number[] {
  let shown = path;
  for (const { said, about, state } of lives) {
    if (state === "unsent") continue;
    const place = places.get(said.edits ?? said.answers ?? "");
    const at = place === undefined ? -1 : shown.indexOf(place);
    if (at < 0) continue;
    // Its own message may be recorded beside it by now.
    if (about.message_id && places.has(about.message_id) && said.edits) continue;
    shown = shown.slice(0, said.answers ? at + 1 : at);
  }
  return shown;
}

/** What a live answer shows is not shown again from the record. */
function hiddenBy(
  talk: Talk,
  lives: readonly Live[],
  places: ReadonlyMap<string, number>,
): ReadonlySet<number> {
  const hidden = new Set<number>();
  const { outline } = talk;
  if (!outline) return hidden;
  for (const { about } of lives) {
    const place = places.get(about.message_id ?? "");
    const turn = place === undefined ? talk.turn(about.turn_id)?.index : outline.turns[place];
    if (turn === undefined) continue;
    for (let at = outline.turns.length - 1; at >= 0; at--)
      if (outline.turns[at] === turn && outline.roles[at] !== "u") hidden.add(at);
  }
  return hidden;
}

function isLive(asked: number, talk: Talk, lives: readonly Live[]): boolean {
  const id = talk.outline?.ids[asked];
  return lives.some((live) => live.about.message_id === id || live.said.answers === id);
}
