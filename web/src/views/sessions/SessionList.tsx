/** Conversations of one assistant or project: what they came to, how long they are, when they were. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { useVirtualizer } from "@tanstack/react-virtual";
import { MessagesSquare } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import type { Shapes } from "~/api/client";
import { Empty } from "~/parts/Empty";
import { INPUT } from "~/parts/Field";
import { Time } from "~/parts/Time";
import { Trouble } from "~/parts/Trouble";
import { classes } from "~/parts/classes";
import { count } from "~/state/times";

import { heldQuery, type Sort } from "./queries";

const SORTS: readonly Sort[] = ["last", "started", "messages", "title"];
const ROW = 76;

export function SessionList({ assistant, project }: { assistant?: string; project?: string }) {
  const { t } = useTranslation();
  const [sort, setSort] = useState<Sort>("last");
  const found = useInfiniteQuery(heldQuery({ assistant, project, sort }));
  const sessions = found.data?.pages.flatMap((page) => page.sessions) ?? [];
  if (found.isError) return <Trouble error={found.error} again={() => void found.refetch()} />;
  if (found.isSuccess && !sessions.length)
    return (
      <Empty icon={<MessagesSquare aria-hidden />} title={t("sessions.none")}>
        <p>{t("sessions.noneAbout")}</p>
      </Empty>
    );
  return (
    <div className="flex min-h-0 flex-1 flex-col">
      <label className="flex items-center justify-end gap-2 px-4 py-2 text-sm text-quiet sm:px-6">
        {t("sessions.sort")}
        <select
          value={sort}
          onChange={(event) => setSort(event.target.value as Sort)}
          className={classes(INPUT, "!w-auto")}
        >
          {SORTS.map((one) => (
            <option key={one} value={one}>
              {t(`sessions.sorts.${one}`)}
            </option>
          ))}
        </select>
      </label>
      <Rows
        sessions={sessions}
        more={found.hasNextPage && !found.isFetchingNextPage ? found.fetchNextPage : undefined}
      />
    </div>
  );
}

function Rows({
  sessions,
  more,
}: {
  sessions: readonly Shapes["SessionOut"][];
  more: (() => unknown) | undefined;
}) {
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: sessions.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW,
    overscan: 8,
  });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= sessions.length - 20) void more();
  }, [more, last, sessions.length]);
  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto px-2 pb-6 sm:px-4">
      <ul style={{ height: rows.getTotalSize(), position: "relative" }}>
        {items.map(({ index, start }) => (
          <li
            key={sessions[index]!.id}
            aria-setsize={sessions.length}
            aria-posinset={index + 1}
            style={{ height: ROW, transform: `translateY(${start}px)` }}
            className="absolute inset-x-0 top-0"
          >
            <Row session={sessions[index]!} />
          </li>
        ))}
      </ul>
    </div>
  );
}

function Row({ session }: { session: Shapes["SessionOut"] }) {
  const { t } = useTranslation();
  return (
    <Link
      to="/c/$session"
      params={{ session: session.id }}
      className="flex h-[4.4rem] flex-col justify-center gap-0.5 rounded-card px-3 text-ink no-underline hover:bg-kelp-wash"
    >
      <span className="flex items-baseline gap-3">
        <span className="min-w-0 flex-1 truncate font-serif text-base font-semibold">
          {session.title || t("sessions.untitled")}
        </span>
        <Time at={session.last_message_at} className="shrink-0 text-xs text-quiet" />
      </span>
      <span className="flex items-baseline gap-3 text-sm text-quiet">
        <span className="min-w-0 flex-1 truncate">{session.preview}</span>
        <span className="shrink-0 text-xs">
          {t("sessions.messages", {
            count: session.message_count,
            shown: count(session.message_count),
          })}
        </span>
      </span>
    </Link>
  );
}
