import { expect, it } from "vitest";

import { saidThen } from "./said";

it("tells what each memory said at the time of the change, not what it says now", () => {
  const blue = { id: "1", text: "red" };
  const dog = { id: "2", text: "Waldemar" };
  expect(
    saidThen([
      { what: "corrected", before: "green", memory: blue },
      { what: "learned", before: null, memory: dog },
      { what: "corrected", before: "blue", memory: blue },
      { what: "learned", before: null, memory: blue },
    ]),
  ).toEqual(["red", "Waldemar", "green", "blue"]);
});
