/** What a search can be narrowed to, and what it is narrowed to: chosen, or understood from the words. */
import { useQuery } from "@tanstack/react-query";
import { CalendarDays, FolderOpen, Pin, Sparkles, Tag } from "lucide-react";
import type { ComponentProps, ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { assistantsQuery, projectsQuery } from "~/api/queries";
import { classes } from "~/parts/classes";
import { Menu, MenuItem } from "~/parts/Menu";

import type { Ask } from "./ask";
import { Days } from "./Days";
import { TagField } from "./TagField";

interface Props {
  ask: Ask;
  set: (ask: Ask) => void;
}

export function Narrowing({ ask, set }: Props) {
  const { t } = useTranslation();
  const assistants = useQuery(assistantsQuery).data?.assistants ?? [];
  const projects = useQuery(projectsQuery).data?.projects ?? [];
  return (
    <div
      role="group"
      aria-label={t("find.narrow")}
      className="flex gap-1.5 overflow-x-auto px-3 pt-0.5 pb-2 [scrollbar-width:none] sm:flex-wrap"
    >
      <Days ask={ask} set={set}>
        <Filter icon={<CalendarDays />} on={!!(ask.since ?? ask.until)}>
          {t("find.filters.when")}
        </Filter>
      </Days>
      {assistants.length > 0 && (
        <Menu
          trigger={
            <Filter icon={<Sparkles />} on={!!ask.assistant}>
              {t("find.filters.assistant")}
            </Filter>
          }
        >
          {assistants.map(({ slug, name }) => (
            <MenuItem key={slug} run={() => set({ ...ask, assistant: slug })}>
              <bdi>{name}</bdi>
            </MenuItem>
          ))}
        </Menu>
      )}
      {projects.length > 0 && (
        <Menu
          trigger={
            <Filter icon={<FolderOpen />} on={!!ask.project}>
              {t("find.filters.project")}
            </Filter>
          }
        >
          {projects.map(({ slug, name }) => (
            <MenuItem key={slug} run={() => set({ ...ask, project: slug })}>
              <bdi>{name}</bdi>
            </MenuItem>
          ))}
        </Menu>
      )}
      <TagField ask={ask} set={set}>
        <Filter icon={<Tag />} on={!!ask.tag}>
          {t("find.filters.tag")}
        </Filter>
      </TagField>
      <Filter
        icon={<Pin />}
        on={ask.pinned}
        aria-pressed={ask.pinned}
        onClick={() => set({ ...ask, pinned: !ask.pinned })}
      >
        {t("find.filters.pinned")}
      </Filter>
    </div>
  );
}

function Filter({
  icon,
  on,
  children,
  ...rest
}: ComponentProps<"button"> & { icon: ReactNode; on: boolean }) {
  return (
    <button
      type="button"
      {...rest}
      className={classes(
        "inline-flex min-h-7 shrink-0 items-center gap-1.5 rounded-full border px-2.5 text-xs font-medium transition-colors",
        "pointer-coarse:min-h-11 pointer-coarse:px-3.5 [&_svg]:size-3.5",
        on
          ? "border-kelp bg-kelp-wash text-kelp-strong"
          : "border-line text-ink hover:bg-kelp-wash",
      )}
    >
      {icon}
      {children}
    </button>
  );
}
