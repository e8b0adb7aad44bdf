import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";

import { useAssistant } from "~/api/assistant";
import type { Shapes } from "~/api/client";
import { meQuery } from "~/api/queries";
import { Avatar } from "~/parts/Avatar";
import { Time } from "~/parts/Time";
import { classes } from "~/parts/classes";

import { lastQuery } from "./queries";

const EVERY_MS = 20_000;

/** A room in the list: the last that was said, and whether that is new. `seen` is how far one has read. */
export function RoomCard({ room, seen }: { room: Shapes["RoomOut"]; seen: number | undefined }) {
  const { t } = useTranslation();
  const { data: me } = useQuery(meQuery);
  const { data: last } = useQuery({ ...lastQuery(room.id), refetchInterval: EVERY_MS });
  const assistant = useAssistant(last?.author);
  const author = last?.role === "assistant" ? assistant.name : (last?.author ?? "");
  const who = last && last.author === me?.user ? t("rooms.you") : author;
  const isNew = !!last && last.seq > (seen ?? -1) && last.author !== me?.user;
  return (
    <Link
      to="/rooms/$room"
      params={{ room: room.id }}
      className="flex h-full items-center gap-3 rounded-card border border-line bg-raised p-4 text-ink no-underline hover:border-kelp hover:bg-kelp-wash"
    >
      <Avatar name={room.name} className="size-10" />
      <span className="min-w-0 flex-1">
        <span className="flex items-baseline gap-2">
          <span className="min-w-0 flex-1 truncate font-serif text-lg font-semibold">
            {room.name}
          </span>
          <Time at={last?.at ?? room.created_at} className="shrink-0 text-xs text-quiet" />
        </span>
        <span className="flex items-center gap-2 text-sm text-quiet">
          <span className={classes("min-w-0 flex-1 truncate", isNew && "font-medium text-ink")}>
            {last ? `${who}: ${last.text}` : t("rooms.nothingYet")}
          </span>
          {isNew && (
            <span className="inline-flex shrink-0 items-center gap-1.5 text-xs font-medium text-kelp">
              <span aria-hidden className="size-2 rounded-full bg-kelp" />
              {t("rooms.new")}
            </span>
          )}
        </span>
      </span>
    </Link>
  );
}
