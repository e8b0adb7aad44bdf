/** Dollars are mathematics when they stand close around it: "$x^2$", and not "between $5 and $6". */
import type { InlineMath } from "mdast-util-math";
import type { Nodes, Root } from "mdast";

const CODE = /(`{3,}[\s\S]*?(?:`{3,}|$)|`[^`\n]*`)/;

/** Models also write \( \) and \[ \]: the same thing. */
export function withDollars(text: string): string {
  if (!text.includes("\\(") && !text.includes("\\[")) return text;
  return text
    .split(CODE)
    .map((part, n) =>
      n % 2
        ? part
        : part
            .replaceAll(/\\\[([\s\S]+?)\\\]/g, (_, tex: string) => `\n$$\n${tex.trim()}\n$$\n`)
            .replaceAll(/\\\((.+?)\\\)/g, (_, tex: string) => `$${tex.trim()}$`),
    )
    .join("");
}

export function dollars() {
  return (root: Root): void => {
    const walk = (node: Nodes) => {
      if (!("children" in node)) return;
      node.children = node.children.map((child) => {
        if ((child as { type: string }).type !== "inlineMath") {
          walk(child);
          return child;
        }
        const { value } = child as unknown as InlineMath;
        return /^\s|\s$/.test(value) ? { type: "text", value: `$${value}$` } : child;
      }) as typeof node.children;
    };
    walk(root);
  };
}
