import type { Shapes } from "~/api/client";

import type { Message } from "./events";

export interface Speaker {
  name: string;
  avatar: string | null;
}

type Pictures = readonly Pick<Shapes["AssistantOut"], "slug" | "avatar">[];

export function avatarOf(
  { kind, user_id }: Pick<Shapes["MemberOut"], "kind" | "user_id">,
  pictures: Pictures,
): string | null {
  if (kind !== "assistant") return null;
  return pictures.find(({ slug }) => slug === user_id)?.avatar ?? null;
}

/** Who said a message: a member by name, or whoever it names when they are no member any more. */
export function speakersOf(
  members: readonly Shapes["MemberOut"][],
  pictures: Pictures,
  nobody: string,
): (message: Pick<Message, "role" | "author">) => Speaker {
  const known = new Map(members.map((one) => [`${one.kind} ${one.user_id}`, one.name]));
  return ({ role, author }) => {
    const kind = role === "user" ? "person" : "assistant";
    const name = known.get(`${kind} ${author ?? ""}`) ?? author ?? nobody;
    return { name, avatar: avatarOf({ kind, user_id: author ?? "" }, pictures) };
  };
}
