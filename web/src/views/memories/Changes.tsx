import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { History } from "lucide-react";
import { useTranslation } from "react-i18next";

import type { Shapes } from "~/api/client";
import { Button } from "~/parts/Button";
import { Empty } from "~/parts/Empty";
import { Trouble } from "~/parts/Trouble";
import { clock, day } from "~/state/times";

import { changesQuery } from "./queries";

type Change = Shapes["MemoryChangeOut"];

/** What was learned, put right and given up, newest first, by day. */
export function Changes() {
  const { t } = useTranslation();
  const found = useInfiniteQuery(changesQuery);
  const changes = found.data?.pages.flatMap((page) => page.changes) ?? [];
  if (found.isError) return <Trouble error={found.error} again={() => void found.refetch()} />;
  if (found.isSuccess && !changes.length)
    return (
      <Empty icon={<History aria-hidden />} title={t("memories.noChanges")}>
        <p>{t("memories.noneAbout")}</p>
      </Empty>
    );
  return (
    <div className="mx-auto w-full max-w-3xl p-4 sm:p-6">
      {byDay(changes).map(([name, ofDay]) => (
        <section key={name} className="mb-6">
          <h2 className="text-sm font-semibold text-quiet">{name}</h2>
          <ol className="mt-2 space-y-1">
            {ofDay.map((change) => (
              <One key={`${change.at} ${change.what} ${change.memory.id}`} change={change} />
            ))}
          </ol>
        </section>
      ))}
      {found.hasNextPage && (
        <Button disabled={found.isFetchingNextPage} onClick={() => void found.fetchNextPage()}>
          {t("memories.more")}
        </Button>
      )}
    </div>
  );
}

function One({ change }: { change: Change }) {
  const { t } = useTranslation();
  return (
    <li className="border-s-2 border-line py-1.5 ps-4">
      <p className="text-xs text-quiet">
        {t(`memories.change.${change.what}`)} · {byWhom(change.by, t("memories.byYou"))} ·{" "}
        <time dateTime={change.at}>{clock(change.at)}</time>
      </p>
      {change.before && (
        <p className="break-words text-quiet">
          <s>{change.before}</s>
        </p>
      )}
      <Link
        to="/memories/$memory"
        params={{ memory: change.memory.id }}
        className="break-words text-ink no-underline hover:underline"
      >
        {change.memory.text}
      </Link>
    </li>
  );
}

const byWhom = (by: string, you: string) => (by === "you" ? you : by);

function byDay(changes: readonly Change[]): [string, Change[]][] {
  const days = new Map<string, Change[]>();
  for (const change of changes) {
    const name = day(change.at);
    days.set(name, [...(days.get(name) ?? []), change]);
  }
  return [...days];
}
