/**
 * A conversation is a tree: what was said differently, or answered once more, stands beside the first version
 * of it. What is read is one way down from the top. Messages are named by their place, which is their `seq`.
 */
import type { Outline } from "../types";

export interface Tree {
  size: number;
  /** Place of what each one follows; -1 at the top. */
  parents: readonly number[];
  children: ReadonlyMap<number, readonly number[]>;
  /** The newest place at or below each one. */
  newest: readonly number[];
}

/** At a fork, by the place above it: which way down was chosen. */
export type Chosen = ReadonlyMap<number, number>;

export interface Versions {
  /** 1 for the oldest. */
  number: number;
  count: number;
  before: number | null;
  after: number | null;
}

export function treeOf(outline: Pick<Outline, "ids" | "parents">): Tree {
  const size = outline.ids.length;
  const children = new Map<number, number[]>();
  const newest = Array.from({ length: size }, (_, place) => place);
  // A child always stands behind its parent.
  const parents = outline.parents.map((parent, place) => (parent < place ? parent : -1));
  for (let place = size - 1; place >= 0; place--) {
    const parent = parents[place] ?? -1;
    const beside = children.get(parent);
    if (beside) beside.unshift(place);
    else children.set(parent, [place]);
    if (parent >= 0) newest[parent] = Math.max(newest[parent] ?? 0, newest[place] ?? 0);
  }
  return { size, parents, children, newest };
}

/** The way that is shown: as chosen at each fork, else the one that was talked in last. */
export function pathOf(tree: Tree, chosen: Chosen): number[] {
  const path: number[] = [];
  let at = -1;
  for (;;) {
    const ways = tree.children.get(at);
    if (!ways) return path;
    const wanted = chosen.get(at);
    at =
      wanted !== undefined && ways.includes(wanted)
        ? wanted
        : ways.reduce((best, way) =>
            (tree.newest[way] ?? 0) > (tree.newest[best] ?? 0) ? way : best,
          );
    path.push(at);
  }
}

/** The same choices, changed so that the way leads past this place. */
export function leadingTo(tree: Tree, place: number, chosen: Chosen): Chosen {
  const changed = new Map(chosen);
  for (let at = place; at >= 0; at = tree.parents[at] ?? -1)
    if ((tree.children.get(tree.parents[at] ?? -1)?.length ?? 0) > 1)
      changed.set(tree.parents[at] ?? -1, at);
  return changed;
}

/** The other versions beside one message; null when it is the only one. */
export function versionsOf(tree: Tree, place: number): Versions | null {
  const beside = tree.children.get(tree.parents[place] ?? -1) ?? [];
  if (beside.length < 2) return null;
  const index = beside.indexOf(place);
  return {
    number: index + 1,
    count: beside.length,
    before: beside[index - 1] ?? null,
    after: beside[index + 1] ?? null,
  };
}
