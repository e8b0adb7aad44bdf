import { Failure } from "~/api/failures";

/**
 * An answer of one JSON object a line: each but the last is told, the last is the result. A line with an
 * `error` in the one error shape is thrown.
 */
export async function lastLine<T>(response: Response, tell: (line: unknown) => void): Promise<T> {
  if (response.headers.get("Content-Type")?.startsWith("application/json"))
    return (await response.json()) as T;
  const body = response.body ?? new Blob([]).stream();
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  let last: unknown;
  const take = (text: string) => {
    if (!text.trim()) return;
    if (last !== undefined) tell(last);
    last = JSON.parse(text);
  };
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const lines = (waiting + value).split("\n");
    waiting = lines.pop() ?? "";
    for (const line of lines) take(line);
    if (last !== undefined) tell(last);
  }
  take(waiting);
  const failed = (
    last as { error?: { code: string; message: string; request_id: string } } | undefined
  )?.error;
  if (failed) throw new Failure(422, failed.code, failed.message, failed.request_id);
  if (last === undefined) throw new Failure(0, "offline", "", "");
  return last as T;
}
