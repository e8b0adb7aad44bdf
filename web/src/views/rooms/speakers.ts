import type { Shapes } from "~/api/client";

import type { Message } from "./events";

export interface Speaker {
  name: string;
  avatar: string | null;
}

/** Who said a message: a member by name, or whoever it names when they are no member any more. */
export function speakersOf(members: readonly Shapes["MemberOut"][]): (message: Message) => Speaker {
  const known = new Map(members.map((one) => [`${one.kind} ${one.user_id}`, one.name]));
  return ({ role, author }) => {
    const kind = role === "user" ? "person" : "assistant";
    const name = known.get(`${kind} ${author ?? ""}`) ?? author ?? "?";
    return { name, avatar: null };
  };
}
