import { useTranslation } from "react-i18next";

import { Avatar } from "~/parts/Avatar";
import { Time } from "~/parts/Time";
import { classes } from "~/parts/classes";
import { day as dayOf } from "~/state/times";
import { day, daysAgo } from "~/views/conversation/transcript/days";
import { Words } from "~/views/conversation/transcript/Words";

import type { Message } from "./events";
import type { Speaker } from "./speakers";

interface Props {
  message: Message;
  before: Message | undefined;
  speaker: Speaker;
  mine: boolean;
}

/** Who said it, when and what; the day above the first of it. */
export function RoomMessage({ message, before, speaker, mine }: Props) {
  const { t } = useTranslation();
  const newDay = !before || dayOf(before.at) !== dayOf(message.at);
  const at = Date.parse(message.at);
  const ago = daysAgo(at);
  return (
    <>
      {newDay && (
        <p className="my-4 flex items-center gap-3 text-xs text-quiet before:h-px before:flex-1 before:bg-line after:h-px after:flex-1 after:bg-line">
          {ago === 0 ? t("chat.today") : ago === 1 ? t("chat.yesterday") : day(at)}
        </p>
      )}
      <article
        aria-label={t("rooms.saidBy", { name: speaker.name })}
        className={classes("flex gap-3 py-2", mine && "flex-row-reverse")}
      >
        <Avatar name={speaker.name} avatar={speaker.avatar} className="size-8" />
        <div className={classes("min-w-0 flex-1", mine && "flex flex-col items-end")}>
          <p className="flex items-baseline gap-2">
            <span className="text-sm font-semibold">{mine ? t("rooms.you") : speaker.name}</span>
            <Time at={message.at} className="text-xs text-quiet" />
          </p>
          {message.kind === "error" ? (
            <p className="w-fit rounded-lg bg-rust-wash px-3 py-1.5 text-sm">
              {t("rooms.failedAnswer")}
            </p>
          ) : (
            <div
              className={classes(
                "max-w-full break-words",
                mine && "rounded-card bg-kelp-wash px-3 py-1.5",
              )}
            >
              <Words text={message.text} id={message.id} said={message.role === "user"} />
            </div>
          )}
        </div>
      </article>
    </>
  );
}
