/** Headings within a message stand below its own, and none leaves out a level, whatever the text says. */
import type { Element, Root } from "hast";

const ABOVE = 2;

export function headings() {
  return (root: Root): void => {
    const open: number[] = [];
    const walk = (node: Root | Element) => {
      for (const child of node.children) {
        if (child.type !== "element") continue;
        const depth = /^h([1-6])$/.exec(child.tagName)?.[1];
        if (depth) {
          while ((open.at(-1) ?? 0) >= Number(depth)) open.pop();
          open.push(Number(depth));
          child.properties["data-depth"] = depth;
          child.tagName = `h${Math.min(ABOVE + open.length, 6)}`;
        }
        walk(child);
      }
    };
    walk(root);
  };
}
