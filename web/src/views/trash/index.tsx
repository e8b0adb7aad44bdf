/** What was deleted and can still be brought back, and when it goes for good. */
import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { RotateCcw, Trash2 } from "lucide-react";
import { useEffect, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { meQuery } from "~/api/queries";
import { Button } from "~/parts/Button";
import { Empty } from "~/parts/Empty";
import { Page } from "~/parts/Page";
import { Trouble } from "~/parts/Trouble";

import { ForGood } from "./ForGood";
import { trashQuery } from "./queries";
import { Row } from "./Row";
import { useRestore } from "./restore";

export default function Trash() {
  const { t } = useTranslation();
  const trash = useInfiniteQuery(trashQuery);
  const days = useQuery(meQuery).data?.trash_days ?? 30;
  const restore = useRestore();
  const [chosen, setChosen] = useState<ReadonlySet<string>>(new Set());
  const [asked, setAsked] = useState<readonly string[] | null>(null);
  const sessions = trash.data?.pages.flatMap((page) => page.sessions) ?? [];
  const there = sessions.filter(({ id }) => chosen.has(id)).map(({ id }) => id);
  const meant = there.length > 0 ? there : sessions.map(({ id }) => id);

  const toggle = (id: string) =>
    setChosen((now) => {
      const next = new Set(now);
      if (!next.delete(id)) next.add(id);
      return next;
    });
  const bringBack = async (ids: readonly string[]) => {
    if (await restore(ids)) setChosen(new Set());
  };
  return (
    <Page
      title={t("history.trash")}
      actions={
        sessions.length > 0 && (
          <div className="flex flex-wrap gap-2">
            <Button onClick={() => void bringBack(meant)}>
              <RotateCcw aria-hidden className="size-4" />
              {there.length > 0
                ? t("history.bin.restoreSome", { count: there.length })
                : t("history.bin.restoreAll")}
            </Button>
            <Button className="text-rust" onClick={() => setAsked(meant)}>
              <Trash2 aria-hidden className="size-4" />
              {there.length > 0
                ? t("history.bin.eraseSome", { count: there.length })
                : t("history.bin.eraseAll")}
            </Button>
          </div>
        )
      }
    >
      <div className="mx-auto max-w-3xl px-3 py-4 sm:px-6">
        {sessions.length > 0 && (
          <p className="pb-3 text-sm text-quiet">{t("history.bin.about", { count: days })}</p>
        )}
        {trash.error && <Trouble error={trash.error} again={() => void trash.refetch()} />}
        {trash.isSuccess && sessions.length === 0 && (
          <Empty icon={<Trash2 aria-hidden />} title={t("history.bin.empty")}>
            <p>
              {days > 0 ? t("history.bin.emptyAbout", { count: days }) : t("history.ask.forGood")}
            </p>
          </Empty>
        )}
        {sessions.length > 0 && (
          <ul aria-label={t("history.bin.list")} className="space-y-2">
            {sessions.map((session) => (
              <Row
                key={session.id}
                session={session}
                chosen={chosen.has(session.id)}
                toggle={() => toggle(session.id)}
                restore={() => void bringBack([session.id])}
                erase={() => setAsked([session.id])}
              />
            ))}
          </ul>
        )}
        <More
          more={trash.hasNextPage}
          waiting={trash.isFetchingNextPage}
          fetch={() => void trash.fetchNextPage()}
        />
      </div>
      {asked && (
        <ForGood
          ids={asked}
          title={
            asked.length === 1 ? (sessions.find(({ id }) => id === asked[0])?.title ?? "") : null
          }
          close={() => {
            setAsked(null);
            setChosen(new Set());
          }}
        />
      )}
    </Page>
  );
}

/** Asks for what follows when one comes near it; the button is for those who come by keyboard. */
function More({ more, waiting, fetch }: { more: boolean; waiting: boolean; fetch: () => void }) {
  const { t } = useTranslation();
  const mark = useRef<HTMLParagraphElement>(null);
  useEffect(() => {
    if (!more || waiting || !mark.current) return;
    const watch = new IntersectionObserver(([one]) => one?.isIntersecting && fetch());
    watch.observe(mark.current);
    return () => watch.disconnect();
  }, [more, waiting, fetch]);
  if (!more) return null;
  return (
    <p ref={mark} className="py-4 text-center">
      <Button disabled={waiting} onClick={fetch}>
        {t("find.more")}
      </Button>
    </p>
  );
}
