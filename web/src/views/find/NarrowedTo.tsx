/** Everything that narrows a search, as chips that can be taken away. */
import { useQuery } from "@tanstack/react-query";
import type { TFunction } from "i18next";
import { useTranslation } from "react-i18next";

import { assistantsQuery, projectsQuery } from "~/api/queries";
import { Chip } from "~/parts/Chip";
import { day } from "~/state/times";

import { chipsOf, withoutText, type Ask, type Understood } from "./ask";

interface Props {
  ask: Ask;
  set: (ask: Ask) => void;
  understood: readonly Understood[];
}

interface Shown {
  key: string;
  text: string;
  without: Ask;
}

type Names = (kind: "assistant" | "project", slug: string) => string;

export function useNames(): Names {
  const assistants = useQuery(assistantsQuery).data?.assistants;
  const projects = useQuery(projectsQuery).data?.projects;
  return (kind, slug) =>
    (kind === "assistant" ? assistants : projects)?.find((one) => one.slug === slug)?.name ?? slug;
}

export function NarrowedTo({ ask, set, understood }: Props) {
  const { t } = useTranslation();
  const names = useNames();
  const shown = [...chosen(ask, names, t), ...typed(ask, understood, names, t)];
  if (shown.length === 0) return null;
  return (
    <ul aria-label={t("find.narrowedTo")} className="flex flex-wrap gap-1.5 px-3 pb-2">
      {shown.map(({ key, text, without }) => (
        <li key={key} className="max-w-full">
          <Chip
            className="!border-kelp/40 !bg-kelp-wash"
            remove={() => set(without)}
            removeName={t("history.removeFilter", { name: text })}
          >
            {text}
          </Chip>
        </li>
      ))}
    </ul>
  );
}

/** What a search is narrowed to, in words. */
export function chosen(ask: Ask, names: Names, t: TFunction): Shown[] {
  const shown: Shown[] = [];
  const add = (key: string, text: string, change: Partial<Ask>) =>
    shown.push({ key, text, without: { ...ask, ...change } });
  const { since, until } = ask;
  const date = (one: string) => day(`${one}T12:00`);
  if (since && until)
    add(
      "days",
      since === until
        ? date(since)
        : t("find.chips.between", { since: date(since), until: date(until) }),
      { since: null, until: null },
    );
  else if (since) add("days", t("find.chips.since", { day: date(since) }), { since: null });
  else if (until) add("days", t("find.chips.upTo", { day: date(until) }), { until: null });
  if (ask.assistant)
    add("with", t("find.chips.with", { name: names("assistant", ask.assistant) }), {
      assistant: null,
    });
  if (ask.project)
    add("in", t("find.chips.in", { name: names("project", ask.project) }), { project: null });
  if (ask.tag) add("tag", `#${ask.tag}`, { tag: null });
  if (ask.pinned) add("pinned", t("find.filters.pinned"), { pinned: false });
  return shown;
}

function typed(ask: Ask, understood: readonly Understood[], names: Names, t: TFunction): Shown[] {
  return chipsOf(understood).map((one) => ({
    key: one.text,
    text: inWords(one, names, t),
    without: { ...ask, q: withoutText(ask.q, one.text) },
  }));
}

function inWords({ kind, value, text }: Understood, names: Names, t: TFunction): string {
  // Words stay as they were typed; an operator is put into words.
  if (kind === "since" || kind === "until")
    return text.includes(":") ? t(`find.chips.${kind}`, { day: day(value) }) : text;
  if (kind === "assistant") return t("find.chips.with", { name: names(kind, value) });
  if (kind === "project") return t("find.chips.in", { name: names(kind, value) });
  if (kind === "tag") return `#${value}`;
  if (kind === "phrase") return t("find.chips.phrase", { words: value });
  if (kind === "without") return t("find.chips.without", { words: value });
  return t(`find.chips.${kind}_${value === "true" ? "yes" : "no"}` as "find.chips.pinned_yes");
}
