import { useTranslation } from "react-i18next";

import type { Shapes } from "~/api/client";
import { Avatar } from "~/parts/Avatar";
import { Words } from "~/views/conversation/transcript/Words";

import type { Message } from "./events";
import { namedIn } from "./mentions";
import type { Speaker } from "./speakers";
import type { Running } from "./state";

interface Props {
  running: Running;
  room: Shapes["RoomDetailOut"];
  speakers: (message: Pick<Message, "role" | "author">) => Speaker;
}

/** Whose turn it is, what they have said of their answer, and who comes after them. */
export function Answering({ running, room, speakers }: Props) {
  const { t } = useTranslation();
  const named = namedIn(
    running.asked,
    room.members.filter(({ kind }) => kind === "assistant"),
  );
  const who = running.who ?? named[0]?.user_id;
  // Nobody is named: what was said stands for itself.
  if (!who) return null;
  const speaker = speakers({ role: "assistant", author: who });
  const place = named.findIndex(({ user_id }) => user_id === who);
  const next = named.slice(place + 1).map(({ name }) => name);
  return (
    <div className="flex gap-3 py-2">
      <Avatar name={speaker.name} avatar={speaker.avatar} className="size-8" />
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-baseline gap-x-2">
          <span className="text-sm font-semibold">{speaker.name}</span>
          <span className="text-xs text-quiet">
            {t("rooms.answering")}
            {next.length > 0 && <> {t("rooms.answersNext", { names: next.join(", ") })}</>}
          </span>
        </p>
        {running.text && <Words text={running.text} id={running.turn} growing />}
      </div>
    </div>
  );
}
