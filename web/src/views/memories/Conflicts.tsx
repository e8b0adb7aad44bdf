import { useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Scale } from "lucide-react";
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";
import { Time } from "~/parts/Time";

import { memoryQuery, type Memory } from "./queries";
import { useHand } from "./useHand";
import { Validity } from "./Validity";

/** Memories that say something else about the same, each with its date, and a way to settle which one holds. */
export function Conflicts({ memory }: { memory: Memory }) {
  const { t } = useTranslation();
  const ids = memory.conflicts ?? [];
  if (!ids.length) return null;
  return (
    <section
      aria-label={t("memories.conflictName")}
      className="mt-3 rounded-lg bg-amber px-3 py-2.5 text-sm text-amber-ink"
    >
      <p className="flex items-center gap-2 font-medium">
        <Scale aria-hidden className="size-4 shrink-0" />
        {t("memories.conflict", { count: ids.length })}
      </p>
      <ul className="mt-1.5 space-y-2.5">
        {ids.map((id) => (
          <Other key={id} id={id} memory={memory} />
        ))}
      </ul>
    </section>
  );
}

function Other({ id, memory }: { id: string; memory: Memory }) {
  const { t } = useTranslation();
  const hand = useHand();
  const { data: other } = useQuery(memoryQuery(id));
  if (!other) return null;
  return (
    <li>
      <Link
        to="/memories/$memory"
        params={{ memory: id }}
        className="font-serif text-base break-words text-amber-ink"
      >
        {other.text}
      </Link>
      <p className="flex flex-wrap gap-x-3 text-xs">
        <Validity memory={other} />
        <span>
          {t("memories.learned")} <Time at={other.created_at} />
        </span>
      </p>
      <div className="mt-1.5 flex flex-wrap gap-2">
        <Button onClick={() => void hand.forget(other)}>{t("memories.keepThis")}</Button>
        <Button onClick={() => void hand.forget(memory)}>{t("memories.keepOther")}</Button>
        <Button onClick={() => void hand.end(memory, other)}>{t("memories.endOlder")}</Button>
      </div>
    </li>
  );
}
