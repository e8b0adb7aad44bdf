import { expect, it } from "vitest";

import { fenced, speechOf } from "./files";

it("fences a file longer than any fence within it", () => {
  expect(fenced("a.py", "x = 1\n")).toBe("a.py\n```py\nx = 1\n```");
  expect(fenced("a.json", "````")).toBe("a.json\n`````json\n````\n`````");
  expect(fenced("a.md", "# as it is")).toBe("# as it is");
});

it("makes speech of a recording, byte by byte", async () => {
  const bytes = Uint8Array.from({ length: 70_000 }, (_, n) => n % 256);
  const speech = await speechOf(new Blob([bytes], { type: "audio/webm;codecs=opus" }), "a.webm", 3);
  expect(speech.media_type).toBe("audio/webm");
  expect(atob(speech.data).length).toBe(70_000);
  expect(atob(speech.data).charCodeAt(69_999)).toBe(69_999 % 256);
});
