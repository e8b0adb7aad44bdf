import { describe, expect, it } from "vitest";

import { hostBeside, safeLink } from "./links";

describe("a link", () => {
  it.each([
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "vbscript:x",
    "data:text/html,<script>alert(1)</script>",
    "data:image/svg+xml;base64,PHN2Zz4=",
    "blob:http://here/1",
    "file:///etc/passwd",
    "//elsewhere.example/x",
    "/api/erase",
    "relative",
  ])("leads nowhere from %j", (url) => {
    expect(safeLink(url)).toBe("");
  });

  it.each(["https://example.org/a?b", "http://localhost:1", "mailto:ada@example.org", "#fn-1"])(
    "leads to %s",
    (url) => {
      expect(safeLink(url)).toBe(url);
    },
  );

  it("shows its host, unless its words do", () => {
    expect(hostBeside("https://evil.example/bank", "your bank")).toBe("evil.example");
    expect(hostBeside("https://www.example.org/a", "example.org/a")).toBe("");
    expect(hostBeside("mailto:ada@example.org", "write")).toBe("");
  });
});
