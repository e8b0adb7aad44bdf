/** What is remembered, as cards; narrowed to an assistant, a project or a conversation when one is given. */
export function MemoryList(_: { assistant?: string; project?: string; session?: string }) {
  return null;
}
