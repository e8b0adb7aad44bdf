import { expect, test } from "vitest";

import type { Message, RoomEvent } from "./events";
import { after, EMPTY, merged, writing } from "./state";

const message = (seq: number, text = `m${seq}`) => ({ seq, text, author: "ben" }) as Message;
const told = (...events: RoomEvent[]) =>
  events.reduce((room, event) => after(room, event, 1000), EMPTY);

test("messages stand in their order, each once", () => {
  const all = merged([message(0), message(2)], [message(1), message(2, "again")]);
  expect(all.map(({ text }) => text)).toEqual(["m0", "m1", "again"]);
});

test("an answer grows, begins anew with the next assistant, and is gone when it is a message", () => {
  const started: RoomEvent = {
    type: "started",
    turn_id: "t",
    message: message(0),
    client_key: null,
  };
  const first = told(
    started,
    { type: "answering", turn_id: "t", assistant: "helper" },
    { type: "delta", turn_id: "t", text: "I " },
    { type: "delta", turn_id: "t", text: "am" },
  );
  expect(first.running).toEqual([{ turn: "t", asked: "m0", who: "helper", text: "I am" }]);
  const second = after(first, { type: "answering", turn_id: "t", assistant: "cook" }, 0);
  expect(second.running).toEqual([{ turn: "t", asked: "m0", who: "cook", text: "" }]);
  const ended = after(
    second,
    { type: "finished", turn_id: "t", status: "complete", message: message(1) },
    0,
  );
  expect([ended.running, ended.messages.length]).toEqual([[], 2]);
});

test("who posts has stopped writing; who stopped is forgotten after a while", () => {
  const room = told(
    { type: "typing", room_id: "r", user_id: "ben" },
    { type: "typing", room_id: "r", user_id: "cy" },
  );
  expect(writing(room, "cy", 1500)).toEqual(["ben"]);
  expect(writing(room, "ada", 9000)).toEqual([]);
  const posted = after(
    room,
    { type: "started", turn_id: "t", message: message(0), client_key: null },
    1500,
  );
  expect(writing(posted, "ada", 1500)).toEqual(["cy"]);
});

test("a room that is no more for me says so", () => {
  expect(told({ type: "left", room_id: "r", reason: "not_found" }).state).toBe("gone");
});
