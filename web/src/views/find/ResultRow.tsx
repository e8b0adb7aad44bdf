/** One result: whose conversation, when, who said it, the words around what matched, and why. */
import { Brain, ChevronLeft, ChevronRight, Lightbulb, Users } from "lucide-react";
import { memo, type ReactNode } from "react";
import { useTranslation } from "react-i18next";

import { useAssistant } from "~/api/assistant";
import { Avatar } from "~/parts/Avatar";
import { classes } from "~/parts/classes";
import { Marked } from "~/parts/Marked";
import { named } from "~/state/names";
import { fullTime, shortTime } from "~/state/times";

import type { Item } from "./items";
import type { Hit } from "./queries";
import { Reasons } from "./Reasons";
import { aroundMark } from "./snippets";

interface Props {
  id: string;
  item: Item;
  /** The one that is shown of its hits. */
  hit: Hit;
  step: number;
  active: boolean;
}

export const ResultRow = memo(function ResultRow({ id, item, hit, step, active }: Props) {
  const { t } = useTranslation();
  const snippet = aroundMark(hit.snippet);
  const at = hit.at ?? item.session?.last_message_at;
  const { name } = useAssistant(item.session?.assistant ?? hit.speaker);
  const title =
    item.name ??
    (item.session ? item.session.title || t("history.untitled") : t(`find.labels.${hit.label}`));
  return (
    <div
      id={id}
      role="option"
      tabIndex={-1}
      aria-selected={active}
      data-result={item.key}
      className={classes(
        "flex cursor-pointer gap-3 rounded-xl px-3 py-2.5 scroll-my-8",
        active ? "bg-kelp-wash" : "hover:bg-kelp-wash/50",
      )}
    >
      <Face item={item} hit={hit} name={name} />
      <div className="min-w-0 flex-1">
        <p className="flex min-w-0 items-baseline gap-2">
          <bdi className="min-w-0 flex-1 truncate text-[0.92rem] font-semibold">{title}</bdi>
          {item.section === "archived" && <Badge>{t("find.archivedBadge")}</Badge>}
          {at && (
            <time dateTime={at} title={fullTime(at)} className="shrink-0 text-xs text-quiet">
              {shortTime(at)}
            </time>
          )}
        </p>
        <p className="line-clamp-2 text-sm break-words">
          {hit.role && (
            <span className="me-1 font-medium text-quiet">
              {saidBy(hit, name, t("history.you"))}:
            </span>
          )}
          <bdi>
            <Marked text={snippet.text} marks={snippet.marks} />
          </bdi>
        </p>
        <p className="mt-0.5 flex min-h-5 items-center gap-2 text-xs text-quiet">
          {hit.label !== "message" && item.session && (
            <Badge>{t(`find.labels.${hit.label}`)}</Badge>
          )}
          <Reasons hit={hit} />
          {item.count > 1 && <Steps at={step + 1} count={item.count} active={active} />}
        </p>
      </div>
    </div>
  );
});

const Badge = ({ children }: { children: ReactNode }) => (
  <span className="shrink-0 rounded-full border border-line bg-sunken px-1.5 text-[0.7rem] leading-4 text-ink">
    {children}
  </span>
);

/** Pressed by pointer here; Left and Right do the same. */
function Steps({ at, count, active }: { at: number; count: number; active: boolean }) {
  const { t } = useTranslation();
  const arrow = "inline-grid size-6 place-items-center rounded-md hover:bg-line [&_svg]:size-3.5";
  return (
    <span className="ms-auto inline-flex shrink-0 items-center tabular-nums">
      {active && (
        <span aria-hidden data-step="-1" className={arrow}>
          <ChevronLeft className="rtl:-scale-x-100" />
        </span>
      )}
      {active ? t("find.stepOf", { at, count }) : t("find.places", { count })}
      {active && (
        <span aria-hidden data-step="1" className={arrow}>
          <ChevronRight className="rtl:-scale-x-100" />
        </span>
      )}
    </span>
  );
}

/** Who says it: a tool by its name, in rooms each by theirs. */
function saidBy(hit: Hit, name: string, you: string): string {
  if (hit.tool) return hit.tool;
  if (hit.role === "user") return hit.speaker ?? you;
  return hit.speaker ? named(hit.speaker) : name;
}

function Face({ item, hit, name }: { item: Item; hit: Hit; name: string }) {
  const { avatar } = useAssistant(item.session?.assistant);
  if (item.session)
    return <Avatar name={name || item.session.title} avatar={avatar} className="mt-0.5" />;
  const icon = item.section === "rooms" ? <Users /> : hit.memory_id ? <Brain /> : <Lightbulb />;
  return (
    <span
      aria-hidden
      className="mt-0.5 inline-grid size-7 shrink-0 place-items-center rounded-full bg-dusk-wash text-dusk [&_svg]:size-4"
    >
      {icon}
    </span>
  );
}
