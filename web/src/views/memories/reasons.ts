/** Why something that looked like a memory is none, by the names that the server gives; each has its words. */
const NAMES = {
  question: "question",
  quoted: "quoted",
  joke: "joke",
  hypothetical: "hypothetical",
  fiction: "fiction",
  instruction: "instruction",
  negated: "negated",
  pasted: "pasted",
  "not said by the user": "notSaid",
  "tool output": "tool",
  file: "file",
  imported: "imported",
  "too long": "tooLong",
  unclear: "unclear",
} as const;

export type ReasonWord = (typeof NAMES)[keyof typeof NAMES] | "other";

export const reasonOf = (name: string): ReasonWord =>
  name in NAMES ? NAMES[name as keyof typeof NAMES] : "other";
