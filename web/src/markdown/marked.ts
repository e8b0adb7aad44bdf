/** Marks words in a text that is shown. */
import type { Element, ElementContent, Root } from "hast";

import { spotsOf } from "./words";

export function marked(words: string) {
  return (root: Root): void => {
    const walk = (node: Root | Element) => {
      node.children = (node.children as ElementContent[]).flatMap((child): ElementContent[] => {
        if (child.type === "element") {
          // Mathematics is read as a whole.
          if (!/\bmath\b/.test(String(child.properties["className"] ?? ""))) walk(child);
          return [child];
        }
        if (child.type !== "text") return [child];
        return pieces(child.value, words);
      });
    };
    walk(root);
  };
}

function pieces(text: string, words: string): ElementContent[] {
  const out: ElementContent[] = [];
  let at = 0;
  for (const [start, end] of spotsOf(text, words)) {
    if (start > at) out.push({ type: "text", value: text.slice(at, start) });
    const value = text.slice(start, end);
    out.push({
      type: "element",
      tagName: "mark",
      properties: {},
      children: [{ type: "text", value }],
    });
    at = end;
  }
  if (at < text.length) out.push({ type: "text", value: text.slice(at) });
  return out;
}
