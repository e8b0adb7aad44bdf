/** A growing text, cut between blocks at empty lines, so that only the last one has to be read again. */
export function blocksOf(text: string): string[] {
  const blocks: string[] = [];
  let block = "";
  let fence = "";
  for (const line of text.split(/(?<=\n)/)) {
    const mark = /^ {0,3}(`{3,}|~{3,}|\$\$)/.exec(line)?.[1] ?? "";
    if (!fence) fence = mark && !(mark === "$$" && line.trim().length > 2) ? mark : "";
    else if (mark.startsWith(fence) && line.trim() === mark) fence = "";
    // What is indented may belong to the list above.
    if (!fence && !line.trim() && block.trim()) {
      blocks.push(block + line);
      block = "";
    } else if (blocks.length && !block.trim() && /^(\s{2,}|[-*+] |\d+[.)] )\S/.test(line)) {
      block = (blocks.pop() ?? "") + block + line;
    } else block += line;
  }
  return block ? [...blocks, block] : blocks;
}
