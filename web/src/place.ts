/**
 * Where one is, from the address, in one place for every component: which session, assistant, project,
 * room, memory and message. Nobody else reads the address for these.
 */
import { useLocation } from "@tanstack/react-router";
import { useMemo } from "react";

export interface Place {
  /** The conversation that is open; "new" before the first word. */
  session: string | null;
  assistant: string | null;
  project: string | null;
  room: string | null;
  memory: string | null;
  /** The message to land on. */
  message: string | null;
  /** The turn to land on, where its message is not known. */
  turn: string | null;
  /** The words that led here, to be marked. */
  words: string;
}

const NOWHERE: Place = {
  session: null,
  assistant: null,
  project: null,
  room: null,
  memory: null,
  message: null,
  turn: null,
  words: "",
};

export function placeOf(pathname: string, search: Record<string, unknown>): Place {
  const [first = "", second, third, fourth] = pathname
    .split("/")
    .filter(Boolean)
    .map(decodeURIComponent);
  const text = (name: string) => (typeof search[name] === "string" ? search[name] : null);
  const place: Place = {
    ...NOWHERE,
    assistant: text("assistant"),
    project: text("project"),
    message: text("message"),
    turn: text("turn"),
    words: text("words") ?? "",
  };
  if (first === "c") place.session = second ?? "new";
  if (first === "assistants") place.assistant = second ?? null;
  if (first === "projects") place.project = second ?? null;
  if (first === "rooms") place.room = second ?? null;
  if (first === "memories") place.memory = second ?? null;
  if (third === "sessions" && fourth) place.session = fourth;
  return place;
}

export function usePlace(): Place {
  const { pathname, search } = useLocation();
  return useMemo(() => placeOf(pathname, search as Record<string, unknown>), [pathname, search]);
}
