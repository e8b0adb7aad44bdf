/** What the list is narrowed to: with whom, for what, which kind, from where, put away or not. */
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";

import { assistantsQuery, projectsQuery } from "~/api/queries";
import { Chip } from "~/parts/Chip";
import { INPUT } from "~/parts/Field";
import { Toggle } from "~/parts/Toggle";

import { setFilters, type Filters } from "./filters";
import type { Segment } from "./queries";

const KINDS = ["chat", "room", "marketer_chat", "video_chat", "personal_chat"] as const;

type Choice = { value: string; name: string };
type Named = Exclude<keyof Filters, "archived">;

function useChoices(): Record<Named, Choice[]> {
  const { t } = useTranslation();
  const client = useQueryClient();
  const assistants = useQuery(assistantsQuery).data?.assistants ?? [];
  const projects = useQuery(projectsQuery).data?.projects ?? [];
  const platforms = new Set(
    client
      .getQueriesData<Segment>({ queryKey: ["conversations", "month"] })
      .flatMap(([, data]) => data?.sessions.map(({ platform }) => platform) ?? [])
      .filter((platform) => platform !== null),
  );
  const named = ({ slug, name }: { slug: string; name: string }) => ({ value: slug, name });
  return {
    assistant: assistants.map(named),
    project: projects.map(named),
    kind: KINDS.map((kind) => ({ value: kind, name: t(`history.kinds.${kind}`) })),
    platform: [...platforms].sort().map((platform) => ({ value: platform, name: platform })),
  };
}

const NAMED = ["assistant", "project", "kind", "platform"] as const;

export function Narrow({ filters }: { filters: Filters }) {
  const { t } = useTranslation();
  const choices = useChoices();
  return (
    <div className="grid grid-cols-2 gap-2 border-b border-line px-4 pt-1 pb-3">
      {NAMED.map((name) => {
        const chosen = filters[name];
        const known = choices[name];
        if (known.length === 0 && !chosen) return null;
        return (
          <label key={name} className="min-w-0 text-xs font-medium text-quiet">
            {t(`history.by.${name}`)}
            <select
              value={chosen ?? ""}
              onChange={(event) => setFilters({ [name]: event.target.value || null })}
              className={`${INPUT} mt-0.5 !px-2`}
            >
              <option value="">{t("history.any")}</option>
              {chosen && !known.some(({ value }) => value === chosen) && <option>{chosen}</option>}
              {known.map(({ value, name: shown }) => (
                <option key={value} value={value}>
                  {shown}
                </option>
              ))}
            </select>
          </label>
        );
      })}
      <div className="col-span-2 pt-1">
        <Toggle
          label={t("history.showArchived")}
          on={filters.archived}
          set={(archived) => setFilters({ archived })}
        />
      </div>
    </div>
  );
}

/** The same as chips that can be taken away. */
export function NarrowedTo({ filters }: { filters: Filters }) {
  // Nothing is asked of the server for chips that are not there.
  if (!filters.archived && NAMED.every((name) => !filters[name])) return null;
  return <Chips filters={filters} />;
}

function Chips({ filters }: { filters: Filters }) {
  const { t } = useTranslation();
  const choices = useChoices();
  const chosen = NAMED.filter((name) => filters[name]);
  return (
    <div className="flex flex-wrap gap-1.5 px-4 py-1.5">
      {chosen.map((name) => {
        const shown =
          choices[name].find(({ value }) => value === filters[name])?.name ?? filters[name];
        return (
          <Chip
            key={name}
            remove={() => setFilters({ [name]: null })}
            removeName={t("history.removeFilter", { name: shown })}
          >
            {shown}
          </Chip>
        );
      })}
      {filters.archived && (
        <Chip
          remove={() => setFilters({ archived: false })}
          removeName={t("history.removeFilter", { name: t("history.archivedOnes") })}
        >
          {t("history.archivedOnes")}
        </Chip>
      )}
    </div>
  );
}
