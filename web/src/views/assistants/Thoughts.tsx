/** An assistant's thought log, each thought linked to where it came up and to the memory it led to. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Brain } from "lucide-react";
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";
import { Empty } from "~/parts/Empty";
import { Trouble } from "~/parts/Trouble";

import { ThoughtRow } from "./ThoughtRow";
import { thoughtsQuery } from "./queries";

export function Thoughts({ slug }: { slug: string }) {
  const { t } = useTranslation();
  const found = useInfiniteQuery(thoughtsQuery(slug));
  const thoughts = found.data?.pages.flatMap((page) => page.thoughts) ?? [];
  if (found.isError) return <Trouble error={found.error} again={() => void found.refetch()} />;
  if (found.isSuccess && !thoughts.length)
    return (
      <Empty icon={<Brain aria-hidden />} title={t("assistants.noThoughts")}>
        <p>{t("assistants.noThoughtsAbout")}</p>
      </Empty>
    );
  return (
    <div className="mx-auto w-full max-w-3xl p-4 sm:p-6">
      <ol className="space-y-1">
        {thoughts.map((thought) => (
          <ThoughtRow key={thought.id} thought={thought} />
        ))}
      </ol>
      {found.hasNextPage && (
        <Button
          className="mt-4"
          disabled={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          {t("assistants.more")}
        </Button>
      )}
    </div>
  );
}
