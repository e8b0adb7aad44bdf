import { useQuery } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { assistantsQuery, projectsQuery } from "~/api/queries";
import { INPUT } from "~/parts/Field";

import type { FilterProps } from "./FilterBar";
import { facetsQuery, SORTS, type Filters } from "./queries";

/** The rest of what narrows, each with its name; a choice says how many it leaves. */
export function FilterPanel({ filters, set }: FilterProps) {
  const { t } = useTranslation();
  const { data: facets } = useQuery(facetsQuery);
  const { data: assistants } = useQuery(assistantsQuery);
  const { data: projects } = useQuery(projectsQuery);
  const nameOf = (known: readonly { slug: string; name: string }[] | undefined, slug: string) =>
    known?.find((one) => one.slug === slug)?.name ?? slug;
  return (
    <div className="mt-3 grid grid-cols-2 gap-3 rounded-card border border-line bg-sunken p-3 sm:grid-cols-3">
      <Choose
        label={t("memories.tag")}
        value={filters.tag}
        set={(tag) => set({ ...filters, tag })}
        options={facets?.tags.slice(0, 200).map(({ tag, n }) => [tag, `${tag} (${n})`])}
      />
      <Choose
        label={t("memories.assistant")}
        value={filters.assistant}
        set={(assistant) => set({ ...filters, assistant })}
        options={facets?.assistants.map(({ slug, n }) => [
          slug,
          `${nameOf(assistants?.assistants, slug)} (${n})`,
        ])}
      />
      <Choose
        label={t("memories.project")}
        value={filters.project}
        set={(project) => set({ ...filters, project })}
        options={facets?.projects.map(({ slug, n }) => [
          slug,
          `${nameOf(projects?.projects, slug)} (${n})`,
        ])}
      />
      <Choose
        label={t("memories.importance")}
        value={filters.min_importance ? String(filters.min_importance) : undefined}
        set={(value) => set({ ...filters, min_importance: value ? Number(value) : undefined })}
        options={[3, 5, 7, 9].map((value) => [
          String(value),
          t("memories.importanceFrom", { value }),
        ])}
      />
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
        value={filters.sort ?? "new"}
        set={(sort) => set({ ...filters, sort: sort as Filters["sort"] })}
        options={SORTS.map((sort) => [sort, t(`memories.sorts.${sort}`)])}
        required
      />
    </div>
  );
}

function Labelled({ label, children }: { label: string; children: ReactNode }) {
  return (
    <label className="block min-w-0 text-xs font-medium text-quiet">
      {label}
      {children}
    </label>
  );
}

function Choose({
  label,
  value,
  set,
  options,
  required = false,
}: {
  label: string;
  value: string | undefined;
  set: (value: string | undefined) => void;
  options: readonly (readonly [string, string])[] | undefined;
  required?: boolean;
}) {
  const { t } = useTranslation();
  return (
    <Labelled label={label}>
      <select
        value={value ?? ""}
        onChange={(event) => set(event.target.value || undefined)}
        className={`${INPUT} mt-1`}
      >
        {!required && <option value="">{t("memories.any")}</option>}
        {options?.map(([one, name]) => (
          <option key={one} value={one}>
            {name}
          </option>
        ))}
      </select>
    </Labelled>
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
    <Labelled label={label}>
      <input
        type="date"
        value={value ?? ""}
        onChange={(event) => set(event.target.value || undefined)}
        className={`${INPUT} mt-1`}
      />
    </Labelled>
  );
}
