import { useInfiniteQuery } from "@tanstack/react-query";
import { useVirtualizer } from "@tanstack/react-virtual";
import { Sprout } from "lucide-react";
import { useEffect, useRef } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";
import { Empty } from "~/parts/Empty";
import { Trouble } from "~/parts/Trouble";

import { MemoryCard } from "./MemoryCard";
import { memoriesQuery, type Filters, type Memory } from "./queries";

interface Props extends Pick<Filters, "assistant" | "project"> {
  session?: string;
  /** More that narrows, as it stands in the address. */
  filters?: Filters;
  /** Takes the filters away. */
  widen?: () => void;
  selected?: ReadonlySet<string>;
  select?: (memory: Memory, selected: boolean) => void;
}

/** What is remembered, as cards, however many: only those in sight are drawn. */
export function MemoryList({
  assistant,
  project,
  session,
  filters,
  widen,
  selected,
  select,
}: Props) {
  const { t } = useTranslation();
  const narrowed = { ...filters, assistant, project, session_id: session };
  const found = useInfiniteQuery(memoriesQuery(clean({ ...narrowed, ...filters })));
  const memories = found.data?.pages.flatMap((page) => page.memories) ?? [];
  if (found.isError) return <Trouble error={found.error} again={() => void found.refetch()} />;
  if (found.isSuccess && !memories.length)
    return (
      <Empty icon={<Sprout aria-hidden />} title={t(widen ? "memories.noneSo" : "memories.none")}>
        <p>{t(widen ? "memories.noneSoAbout" : "memories.noneAbout")}</p>
        {widen && <Button onClick={widen}>{t("memories.showAll")}</Button>}
      </Empty>
    );
  return (
    <Cards
      memories={memories}
      more={found.hasNextPage && !found.isFetchingNextPage ? found.fetchNextPage : undefined}
      {...(selected ? { selected } : {})}
      {...(select ? { select } : {})}
    />
  );
}

function Cards({
  memories,
  more,
  selected,
  select,
}: {
  memories: readonly Memory[];
  more: (() => unknown) | undefined;
  selected?: ReadonlySet<string>;
  select?: (memory: Memory, selected: boolean) => void;
}) {
  const { t } = useTranslation();
  const scroller = useRef<HTMLDivElement>(null);
  const rows = useVirtualizer({
    count: memories.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => 210,
    overscan: 4,
    getItemKey: (index) => memories[index]!.id,
  });
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= memories.length - 20) void more();
  }, [more, last, memories.length]);
  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-y-auto px-4 pb-8 sm:px-6">
      <ul
        aria-label={t("memories.title")}
        className="relative mx-auto max-w-3xl"
        style={{ height: rows.getTotalSize() }}
      >
        {items.map(({ index, start, key }) => {
          const memory = memories[index]!;
          return (
            <li
              key={key}
              data-index={index}
              ref={rows.measureElement}
              aria-setsize={more ? -1 : memories.length}
              aria-posinset={index + 1}
              style={{ transform: `translateY(${start}px)` }}
              className="absolute inset-x-0 top-0 pb-3"
            >
              <MemoryCard
                memory={memory}
                selected={selected?.has(memory.id)}
                select={select && ((now) => select(memory, now))}
              />
            </li>
          );
        })}
      </ul>
    </div>
  );
}

/** Without what says nothing, so that the same question is asked under the same name. */
function clean(filters: Filters): Filters {
  return Object.fromEntries(
    Object.entries(filters).filter(([, value]) => value !== undefined && value !== ""),
  ) as Filters;
}
