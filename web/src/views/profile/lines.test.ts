import { expect, test } from "vitest";

import { Failure } from "~/api/failures";

import { lastLine } from "./lines";

const answered = (text: string) =>
  new Response(text, { headers: { "Content-Type": "application/x-ndjson" } });

test("what comes before the last line is told, the last is the result", async () => {
  const told: unknown[] = [];
  const result = await lastLine(
    answered('{"done":1}\n{"done":2}\n{"format":"chatgpt"}\n'),
    (line) => told.push(line),
  );
  expect(told).toContainEqual({ done: 1 });
  expect(result).toEqual({ format: "chatgpt" });
});

test("an error at the end is a failure", async () => {
  const text =
    '{"done":1}\n{"error":{"code":"bad_file","message":"it is none","request_id":"r"}}\n';
  await expect(lastLine(answered(text), () => {})).rejects.toThrow(Failure);
});

test("an answer that was cut is no result", async () => {
  await expect(lastLine(answered(""), () => {})).rejects.toThrow(Failure);
});
