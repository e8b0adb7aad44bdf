/** An assistant's thought log, each thought linked to where it came up and to the memory it led to. */
import { useInfiniteQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Brain } from "lucide-react";
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";
import { Chip } from "~/parts/Chip";
import { Empty } from "~/parts/Empty";
import { Time } from "~/parts/Time";
import { Trouble } from "~/parts/Trouble";

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
    <>
      <ol className="mx-auto w-full max-w-3xl space-y-1 p-4 sm:p-6">
        {thoughts.map((thought) => (
          <li key={thought.id} className="border-s-2 border-line py-2 ps-4">
            <p className="flex flex-wrap items-center gap-x-3 gap-y-1 text-xs text-quiet">
              <Time at={thought.at} />
              <Chip>{thought.kind}</Chip>
              {thought.session_id && (
                <Link
                  to="/c/$session"
                  params={{ session: thought.session_id }}
                  search={{ turn: thought.turn_id ?? undefined } as never}
                >
                  {t("assistants.where")}
                </Link>
              )}
              {thought.memory_id && (
                <Link to="/memories/$memory" params={{ memory: thought.memory_id }}>
                  {t("assistants.ledTo")}
                </Link>
              )}
            </p>
            <p className="mt-1 break-words whitespace-pre-wrap">{thought.text}</p>
          </li>
        ))}
      </ol>
      {found.hasNextPage && (
        <Button
          className="mx-auto mb-6"
          disabled={found.isFetchingNextPage}
          onClick={() => void found.fetchNextPage()}
        >
          {t("assistants.more")}
        </Button>
      )}
    </>
  );
}
