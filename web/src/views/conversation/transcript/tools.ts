/** A call and its result are two messages and one card. */
import type { Message } from "../types";
import type { ToolShown } from "./ToolCard";

/** The cards of a turn by the message they stand at: that of the call, or a result whose call is elsewhere. */
export function toolsOf(messages: readonly Message[], running: boolean): Map<string, ToolShown> {
  const cards = new Map<string, ToolShown>();
  const calls = new Map<string, Message>();
  for (const message of messages) {
    const { tool } = message;
    if (!tool) continue;
    if (message.kind === "tool_call") {
      calls.set(tool.call_id, message);
      cards.set(message.id, {
        name: tool.name,
        input: tool.arguments,
        output: null,
        state: running ? "running" : "done",
        took: null,
        cut: tool.cut,
      });
      continue;
    }
    const call = calls.get(tool.call_id);
    cards.set((call ?? message).id, {
      name: tool.name,
      input: call?.tool?.arguments ?? tool.arguments,
      output: tool.result ?? message.text,
      state: tool.failed ? "failed" : "done",
      took: call ? new Date(message.at).getTime() - new Date(call.at).getTime() : null,
      cut: tool.cut || (call?.tool?.cut ?? false),
    });
  }
  return cards;
}
