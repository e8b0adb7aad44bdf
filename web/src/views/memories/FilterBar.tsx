import { useQuery } from "@tanstack/react-query";
import { Pin, Search, SlidersHorizontal } from "lucide-react";
import { useEffect, useId, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";
import { Chip } from "~/parts/Chip";
import { classes } from "~/parts/classes";
import { INPUT } from "~/parts/Field";
import { count } from "~/state/times";

import { FilterPanel } from "./FilterPanel";
import { facetsQuery, KINDS, type Filters } from "./queries";

const TYPED_MS = 200;

export interface FilterProps {
  filters: Filters;
  set: (filters: Filters) => void;
}

/** What narrows the list. Each choice is a chip that takes it away again. */
export function FilterBar({ filters, set }: FilterProps) {
  const { t } = useTranslation();
  const panel = useId();
  const [open, setOpen] = useState(false);
  const chips = useChips(filters);
  return (
    <div className="mx-auto w-full max-w-3xl px-4 pt-4 pb-3 sm:px-6">
      <div className="flex gap-2">
        <Typed filters={filters} set={set} />
        <Button aria-expanded={open} aria-controls={panel} onClick={() => setOpen(!open)}>
          <SlidersHorizontal aria-hidden className="size-4" />
          {t("memories.filters")}
        </Button>
      </div>
      <Kinds filters={filters} set={set} />
      <div id={panel} hidden={!open}>
        {open && <FilterPanel filters={filters} set={set} />}
      </div>
      {chips.length > 0 && (
        <p className="mt-2 flex flex-wrap gap-1.5">
          {chips.map(([name, label]) => (
            <Chip
              key={name}
              removeName={t("memories.without", { label })}
              remove={() => set({ ...filters, [name]: undefined })}
            >
              {label}
            </Chip>
          ))}
        </p>
      )}
    </div>
  );
}

function useChips(filters: Filters): [keyof Filters, string][] {
  const { t } = useTranslation();
  const chips: [keyof Filters, string][] = [];
  if (filters.tag) chips.push(["tag", `#${filters.tag}`]);
  if (filters.assistant) chips.push(["assistant", filters.assistant]);
  if (filters.project) chips.push(["project", filters.project]);
  if (filters.min_importance)
    chips.push(["min_importance", t("memories.importanceFrom", { value: filters.min_importance })]);
  if (filters.since) chips.push(["since", t("memories.learnedSince", { day: filters.since })]);
  if (filters.until) chips.push(["until", t("memories.learnedUntil", { day: filters.until })]);
  return chips;
}

function Typed({ filters, set }: FilterProps) {
  const { t } = useTranslation();
  const [typed, setTyped] = useState(filters.q ?? "");
  useEffect(() => {
    if (typed === (filters.q ?? "")) return;
    const timer = setTimeout(() => set({ ...filters, q: typed || undefined }), TYPED_MS);
    return () => clearTimeout(timer);
  }, [typed, filters, set]);
  return (
    <div className="relative min-w-0 flex-1">
      <Search aria-hidden className="absolute start-3 top-1/2 size-4 -translate-y-1/2 text-quiet" />
      <input
        type="search"
        value={typed}
        aria-label={t("memories.search")}
        placeholder={t("memories.search")}
        onChange={(event) => setTyped(event.target.value)}
        className={classes(INPUT, "!ps-9")}
      />
    </div>
  );
}

/** One kind, or what is pinned: the narrowings most wanted, with how many there are. */
function Kinds({ filters, set }: FilterProps) {
  const { t } = useTranslation();
  const { data: facets } = useQuery(facetsQuery);
  const kinds = KINDS.filter((kind) => facets?.kinds[kind] || kind === filters.kind);
  return (
    <div role="group" aria-label={t("memories.kindName")} className="mt-2.5 flex flex-wrap gap-1.5">
      {kinds.map((kind) => (
        <Choice
          key={kind}
          on={filters.kind === kind}
          set={(on) => set({ ...filters, kind: on ? kind : undefined })}
        >
          {t(`memories.kind.${kind}`)}
          <span className="text-quiet">{count(facets?.kinds[kind] ?? 0)}</span>
        </Choice>
      ))}
      <Choice on={!!filters.pinned} set={(on) => set({ ...filters, pinned: on || undefined })}>
        <Pin aria-hidden className="size-3.5" />
        {t("memories.pinned")}
      </Choice>
    </div>
  );
}

function Choice({
  on,
  set,
  children,
}: {
  on: boolean;
  set: (on: boolean) => void;
  children: ReactNode;
}) {
  return (
    <button
      type="button"
      aria-pressed={on}
      onClick={() => set(!on)}
      className={classes(
        "inline-flex min-h-8 items-center gap-1.5 rounded-full border px-3 text-sm transition-colors pointer-coarse:min-h-11",
        on ? "border-kelp bg-kelp-wash font-medium" : "border-line bg-raised hover:bg-kelp-wash",
      )}
    >
      {children}
    </button>
  );
}
