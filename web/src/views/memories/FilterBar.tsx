import { useQuery } from "@tanstack/react-query";
import { Search } from "lucide-react";
import { useEffect, useState, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { Chip } from "~/parts/Chip";
import { classes } from "~/parts/classes";
import { INPUT } from "~/parts/Field";

import { facetsQuery, KINDS, SORTS, type Filters, type Kind } from "./queries";

const TYPED_MS = 200;

/** What narrows the list. Each choice is a chip that takes it away again. */
export function FilterBar({ filters, set }: { filters: Filters; set: (filters: Filters) => void }) {
  const { t } = useTranslation();
  const { data: facets } = useQuery(facetsQuery);
  const [typed, setTyped] = useState(filters.q ?? "");
  useEffect(() => {
    if (typed === (filters.q ?? "")) return;
    const timer = setTimeout(() => set({ ...filters, q: typed || undefined }), TYPED_MS);
    return () => clearTimeout(timer);
  }, [typed, filters, set]);

  const chips: [keyof Filters, string][] = [];
  if (filters.kind) chips.push(["kind", t(`memories.kind.${filters.kind}`)]);
  if (filters.tag) chips.push(["tag", `#${filters.tag}`]);
  if (filters.assistant) chips.push(["assistant", filters.assistant]);
  if (filters.project) chips.push(["project", filters.project]);
  if (filters.min_importance)
    chips.push(["min_importance", t("memories.importanceFrom", { value: filters.min_importance })]);
  if (filters.pinned) chips.push(["pinned", t("memories.pinned")]);
  if (filters.since) chips.push(["since", t("memories.learnedSince", { day: filters.since })]);
  if (filters.until) chips.push(["until", t("memories.learnedUntil", { day: filters.until })]);

  return (
    <div className="mx-auto w-full max-w-3xl px-4 pt-4 pb-3 sm:px-6">
      <div className="relative">
        <Search
          aria-hidden
          className="absolute start-3 top-1/2 size-4 -translate-y-1/2 text-quiet"
        />
        <input
          type="search"
          value={typed}
          aria-label={t("memories.search")}
          placeholder={t("memories.search")}
          onChange={(event) => setTyped(event.target.value)}
          className={classes(INPUT, "!ps-9")}
        />
      </div>
      <div className="mt-2 flex gap-2 overflow-x-auto pb-1">
        <Choose
          label={t("memories.kindName")}
          value={filters.kind ?? ""}
          set={(kind) => set({ ...filters, kind: (kind || undefined) as Kind | undefined })}
        >
          {KINDS.map((kind) => (
            <option key={kind} value={kind}>
              {t(`memories.kind.${kind}`)} ({facets?.kinds[kind] ?? 0})
            </option>
          ))}
        </Choose>
        <Choose
          label={t("memories.tag")}
          value={filters.tag ?? ""}
          set={(tag) => set({ ...filters, tag: tag || undefined })}
        >
          {facets?.tags.slice(0, 100).map(({ tag, n }) => (
            <option key={tag} value={tag}>
              {tag} ({n})
            </option>
          ))}
        </Choose>
        <Choose
          label={t("memories.assistant")}
          value={filters.assistant ?? ""}
          set={(assistant) => set({ ...filters, assistant: assistant || undefined })}
        >
          {facets?.assistants.map(({ slug, n }) => (
            <option key={slug} value={slug}>
              {slug} ({n})
            </option>
          ))}
        </Choose>
        {!!facets?.projects.length && (
          <Choose
            label={t("memories.project")}
            value={filters.project ?? ""}
            set={(project) => set({ ...filters, project: project || undefined })}
          >
            {facets.projects.map(({ slug, n }) => (
              <option key={slug} value={slug}>
                {slug} ({n})
              </option>
            ))}
          </Choose>
        )}
        <Choose
          label={t("memories.importance")}
          value={String(filters.min_importance ?? "")}
          set={(value) => set({ ...filters, min_importance: value ? Number(value) : undefined })}
        >
          {[3, 5, 7, 9].map((value) => (
            <option key={value} value={value}>
              {t("memories.importanceFrom", { value })}
            </option>
          ))}
        </Choose>
        <Dated
          label={t("memories.after")}
          value={filters.since}
          set={(since) => set({ ...filters, since })}
        />
        <Dated
          label={t("memories.before")}
          value={filters.until}
          set={(until) => set({ ...filters, until })}
        />
        <Choose
          label={t("memories.sort")}
          value={filters.sort ?? ""}
          set={(sort) => set({ ...filters, sort: (sort || undefined) as Filters["sort"] })}
        >
          {SORTS.map((sort) => (
            <option key={sort} value={sort}>
              {t(`memories.sorts.${sort}`)}
            </option>
          ))}
        </Choose>
        <label className="flex min-h-9 shrink-0 items-center gap-2 text-sm whitespace-nowrap">
          <input
            type="checkbox"
            className="size-4 accent-kelp"
            checked={!!filters.pinned}
            onChange={(event) => set({ ...filters, pinned: event.target.checked || undefined })}
          />
          {t("memories.pinned")}
        </label>
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

function Choose({
  label,
  value,
  set,
  children,
}: {
  label: string;
  value: string;
  set: (value: string) => void;
  children: ReactNode;
}) {
  return (
    <select
      aria-label={label}
      value={value}
      onChange={(event) => set(event.target.value)}
      className={classes(INPUT, "!w-auto max-w-44 shrink-0")}
    >
      <option value="">{label}</option>
      {children}
    </select>
  );
}

function Dated({
  label,
  value,
  set,
}: {
  label: string;
  value: string | undefined;
  set: (day: string | undefined) => void;
}) {
  return (
    <label className="flex shrink-0 items-center gap-1.5 text-sm whitespace-nowrap text-quiet">
      {label}
      <input
        type="date"
        value={value ?? ""}
        onChange={(event) => set(event.target.value || undefined)}
        className={classes(INPUT, "!w-auto")}
      />
    </label>
  );
}
