import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { meQuery } from "~/api/queries";
import { Button } from "~/parts/Button";
import { Question } from "~/parts/Layer";
import { day } from "~/state/times";

import { forgetMemory, memoriesQuery, restoreMemory, type Memory } from "./queries";
import { useHand } from "./useHand";

const DAY_MS = 86_400_000;

/** What was forgotten and can still come back, with the day on which it goes for good. */
export function ForgottenMemories() {
  const { t } = useTranslation();
  const id = useId();
  const hand = useHand();
  const { data: me } = useQuery(meQuery);
  const found = useInfiniteQuery(memoriesQuery({ trashed: true }));
  const [ending, setEnding] = useState<Memory | null>(null);
  const memories = found.data?.pages.flatMap((page) => page.memories) ?? [];
  const goesAt = (memory: Memory) =>
    day(new Date(memory.trashed_at ?? 0).getTime() + (me?.trash_days ?? 0) * DAY_MS);
  return (
    <section aria-labelledby={id}>
      <h2 id={id} className="text-lg font-semibold">
        {t("memories.trash")}
      </h2>
      <p className="mt-1 text-sm text-quiet">
        {t(memories.length ? "memories.trashAbout" : "memories.trashEmpty")}
      </p>
      {memories.length > 0 && (
        <ul className="mt-3 divide-y divide-line rounded-card border border-line bg-raised">
          {memories.map((memory) => (
            <li key={memory.id} className="flex flex-wrap items-center gap-2 px-4 py-2.5">
              <span className="min-w-48 flex-1 break-words">
                <span className="block font-serif">{memory.text}</span>
                <span className="text-xs text-quiet">
                  {t("memories.goesAt", { day: goesAt(memory) })}
                </span>
              </span>
              <Button
                aria-label={t("memories.bringBackNamed", { text: memory.text })}
                onClick={() =>
                  void hand.run(() => restoreMemory(memory.id), t("memories.broughtBack"))
                }
              >
                {t("memories.bringBack")}
              </Button>
              <Button
                className="!text-rust"
                aria-label={t("memories.forGoodNamed", { text: memory.text })}
                onClick={() => setEnding(memory)}
              >
                {t("memories.forGood")}
              </Button>
            </li>
          ))}
        </ul>
      )}
      {found.hasNextPage && (
        <Button className="mt-3" onClick={() => void found.fetchNextPage()}>
          {t("memories.more")}
        </Button>
      )}
      <Question
        open={!!ending}
        close={() => setEnding(null)}
        title={t("memories.forGoodSure")}
        about={t("memories.forGoodAbout", { text: ending?.text ?? "" })}
        confirm={t("memories.forGood")}
        danger
        run={() => {
          if (ending)
            void hand.run(
              () => forgetMemory(ending.id),
              t("memories.forgottenForGood", { count: 1 }),
            );
          setEnding(null);
        }}
      />
    </section>
  );
}
