/** The event stream of a turn, read with the AI SDK. A file of its own, fetched with the first word typed. */
import { parseJsonEventStream, readUIMessageStream, uiMessageChunkSchema } from "ai";
import type { UIMessageChunk } from "ai";

import type { LiveMessage } from "./types";

/** The answer as it grows. Ends with the stream, whole or cut; what it is about tells which. */
export function answersIn(body: ReadableStream<Uint8Array>): AsyncIterable<LiveMessage> {
  const chunks = parseJsonEventStream({
    stream: body as ReadableStream<Uint8Array<ArrayBuffer>>,
    schema: uiMessageChunkSchema,
  }).pipeThrough(
    new TransformStream<{ success: boolean; value?: UIMessageChunk }, UIMessageChunk>({
      transform: (parsed, out) => {
        // Newer servers may send what is not known yet: it is left out.
        if (parsed.success && parsed.value) out.enqueue(parsed.value);
      },
    }),
  );
  return readUIMessageStream<LiveMessage>({ stream: chunks });
}
