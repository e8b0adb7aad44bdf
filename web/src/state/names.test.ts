import { expect, it } from "vitest";

import { nameOf, named } from "./names";

it("says a slug as one would, and leaves a given name alone", () => {
  expect(named("boat-helper")).toBe("Boat helper");
  expect(named("chatgpt")).toBe("ChatGPT");
  expect(named("")).toBe("Holdfast");
  expect(nameOf({ name: "helper", slug: "helper" })).toBe("Helper");
  expect(nameOf({ name: "", slug: "helper" })).toBe("Helper");
  expect(nameOf({ name: "iris", slug: "helper" })).toBe("iris");
});
