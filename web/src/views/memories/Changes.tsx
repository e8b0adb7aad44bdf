import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { CircleSlash, Combine, History, PenLine, Plus, RefreshCw, Sprout } from "lucide-react";
import { useTranslation } from "react-i18next";

import type { Shapes } from "~/api/client";
import { assistantsQuery } from "~/api/queries";
import { Button } from "~/parts/Button";
import { Empty } from "~/parts/Empty";
import { Trouble } from "~/parts/Trouble";
import { clock, day } from "~/state/times";

import { changesQuery } from "./queries";
import { saidThen } from "./said";
import { Validity } from "./Validity";

type Change = Shapes["MemoryChangeOut"] & {
  /** What the memory said then. */
  said: string;
};

const ICONS = {
  learned: Sprout,
  added: Plus,
  corrected: PenLine,
  merged: Combine,
  superseded: RefreshCw,
  ended: CircleSlash,
};

/** What was learned, put right and given up, newest first, by day. */
export function Changes() {
  const { t } = useTranslation();
  const found = useInfiniteQuery(changesQuery);
  const told = found.data?.pages.flatMap((page) => page.changes) ?? [];
  const said = saidThen(told);
  const changes = told.map((change, n) => ({ ...change, said: said[n] ?? "" }));
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
        <section key={name} className="mb-8">
          <h2 className="text-lg font-semibold">{name}</h2>
          <ol className="mt-2">
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
  const Icon = ICONS[change.what];
  const whom = useWhom(change.by);
  return (
    <li className="relative flex gap-3 pb-4 before:absolute before:start-[0.9rem] before:top-8 before:bottom-0 before:w-px before:bg-line last:before:hidden">
      <span
        aria-hidden
        className="grid size-7.5 shrink-0 place-items-center rounded-full bg-kelp-wash text-kelp [&_svg]:size-4"
      >
        <Icon />
      </span>
      <div className="min-w-0 flex-1 pt-1">
        <p className="text-xs text-quiet">
          <span className="font-medium text-ink">{t(`memories.change.${change.what}`)}</span> ·{" "}
          {whom} · <time dateTime={change.at}>{clock(change.at)}</time>
        </p>
        {change.before && change.before !== change.said && (
          <p className="break-words text-quiet">
            <s>{change.before}</s>
          </p>
        )}
        <Link
          to="/memories/$memory"
          params={{ memory: change.memory.id }}
          className="font-serif break-words text-ink no-underline hover:underline"
        >
          {change.said}
        </Link>
        {(change.what === "superseded" || change.what === "ended") && (
          <p className="text-xs text-quiet">
            <Validity memory={change.memory} />
          </p>
        )}
      </div>
    </li>
  );
}

/** Who changed it: its owner, the rules, an assistant by its name, or a model by its own. */
function useWhom(by: string): string {
  const { t } = useTranslation();
  const { data } = useQuery(assistantsQuery);
  if (by === "you") return t("memories.byYou");
  if (by === "rules") return t("memories.byRules");
  return data?.assistants.find(({ slug }) => slug === by)?.name ?? by;
}

function byDay(changes: readonly Change[]): [string, Change[]][] {
  const days = new Map<string, Change[]>();
  for (const change of changes) {
    const name = day(change.at);
    days.set(name, [...(days.get(name) ?? []), change]);
  }
  return [...days];
}
