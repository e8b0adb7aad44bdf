import { useInfiniteQuery } from "@tanstack/react-query";
import { Sprout } from "lucide-react";
import { useMemo } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";
import { Empty } from "~/parts/Empty";
import { Trouble } from "~/parts/Trouble";

import { Cards } from "./Cards";
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
  const narrowed = { ...filters };
  if (assistant) narrowed.assistant = assistant;
  if (project) narrowed.project = project;
  if (session) narrowed.session_id = session;
  const found = useInfiniteQuery(memoriesQuery(clean(narrowed)));
  const memories = useMemo(
    () => found.data?.pages.flatMap((page) => page.memories) ?? [],
    [found.data],
  );
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
      whole={!found.hasNextPage}
      {...(selected ? { selected } : {})}
      {...(select ? { select } : {})}
    />
  );
}

/** Without what says nothing, so that the same question is asked under the same name. */
function clean(filters: Filters): Filters {
  return Object.fromEntries(
    Object.entries(filters).filter(([, value]) => value !== undefined && value !== ""),
  ) as Filters;
}
