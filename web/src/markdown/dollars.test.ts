import { expect, it } from "vitest";

import { withDollars } from "./dollars";

it("takes the other brackets of TeX for dollars, but not in code", () => {
  expect(withDollars("so \\(x^2\\) is")).toBe("so $x^2$ is");
  expect(withDollars("\\[ a+b \\]")).toBe("\n$$\na+b\n$$\n");
  expect(withDollars("`\\(x\\)` and ```\n\\[y\\]\n```")).toBe("`\\(x\\)` and ```\n\\[y\\]\n```");
});
