/** One conversation in the list: what it is called, how it began, when, and what can be done to it. */
import type { TFunction } from "i18next";
import { Ellipsis, Pin } from "lucide-react";
import { memo, useState, type MouseEvent } from "react";
import { useTranslation } from "react-i18next";

import { classes } from "~/parts/classes";
import { count, fullTime, shortTime } from "~/state/times";

import type { Session } from "./queries";
import type { RowDo } from "./RowMenu";

export interface RowActs {
  open: (session: Session) => void;
  /** The row that Tab leads to. */
  rove: (id: string) => void;
  choose: (id: string, range: boolean) => void;
  rename: (session: Session, title: string | null) => void;
  act: (what: RowDo, session: Session) => void;
  menu: (session: Session, button: HTMLElement) => void;
  peek: (session: Session | null, row: HTMLElement | null) => void;
}

interface Props {
  session: Session;
  place: number;
  total: number;
  current: boolean;
  roving: boolean;
  renaming: boolean;
  choosing: boolean;
  chosen: boolean;
  menuOpen: boolean;
  acts: RowActs;
  /** Handed down: asking for it in every row is what scrolling would wait for. */
  t: TFunction;
}

export const SessionRow = memo(function SessionRow(props: Props) {
  const { session, place, total, current, roving, renaming, choosing, chosen, menuOpen, acts, t } =
    props;
  const title = session.title || t("history.untitled");
  const tab = roving ? 0 : -1;
  const click = (event: MouseEvent) => {
    if (event.metaKey || event.ctrlKey) return;
    event.preventDefault();
    if (choosing) acts.choose(session.id, event.shiftKey);
    else acts.open(session);
  };
  return (
    <div
      role="listitem"
      aria-setsize={total}
      aria-posinset={place}
      data-row={session.id}
      onPointerEnter={(event) =>
        event.pointerType === "mouse" && acts.peek(session, event.currentTarget)
      }
      onPointerLeave={() => acts.peek(null, null)}
      className={classes(
        "group relative flex h-full items-stretch rounded-lg",
        current ? "bg-kelp-wash" : "hover:bg-kelp-wash/60 focus-within:bg-kelp-wash/60",
        chosen && "bg-kelp-wash",
      )}
    >
      {current && (
        <span aria-hidden className="absolute inset-y-2 start-0 w-1 rounded-full bg-kelp" />
      )}
      {choosing && (
        <label className="grid w-9 shrink-0 place-items-center">
          <input
            type="checkbox"
            checked={chosen}
            tabIndex={-1}
            aria-label={t("history.choose", { title })}
            onClick={(event) => acts.choose(session.id, event.shiftKey)}
            onChange={() => undefined}
            className="size-4.5 accent-kelp"
          />
        </label>
      )}
      {renaming ? (
        <Rename session={session} done={(now) => acts.rename(session, now)} />
      ) : (
        <a
          href={`/c/${session.id}`}
          tabIndex={tab}
          aria-current={current ? "page" : undefined}
          aria-keyshortcuts="F2 Delete P E"
          onClick={click}
          onFocus={(event) => {
            acts.rove(session.id);
            if (event.currentTarget.matches(":focus-visible"))
              acts.peek(session, event.currentTarget.closest<HTMLElement>("[data-row]"));
          }}
          onBlur={() => acts.peek(null, null)}
          className="flex min-w-0 flex-1 flex-col justify-center gap-0.5 rounded-lg ps-3 pe-1 text-ink no-underline outline-offset-[-2px]"
        >
          <span className="flex min-w-0 items-baseline gap-1.5">
            <Marks session={session} t={t} />
            <bdi
              className={classes(
                "min-w-0 flex-1 truncate text-[0.9rem] leading-snug",
                session.unread ? "font-semibold" : "font-medium",
              )}
            >
              {title}
            </bdi>
            <time
              dateTime={session.last_message_at}
              title={fullTime(session.last_message_at)}
              className="shrink-0 text-xs text-quiet tabular-nums group-focus-within:me-8 group-hover:me-8 pointer-coarse:me-10"
            >
              {shortTime(session.last_message_at)}
            </time>
          </span>
          <span className="flex min-w-0 items-baseline gap-2 text-xs text-quiet">
            <bdi className="min-w-0 flex-1 truncate">{session.preview}</bdi>
            <span className="shrink-0 tabular-nums pe-1">
              <span aria-hidden>{count(session.message_count)}</span>
              <span className="sr-only">
                {t("history.messages", { count: session.message_count })}
              </span>
            </span>
          </span>
        </a>
      )}
      {!renaming && (
        <button
          type="button"
          tabIndex={tab}
          aria-label={t("history.actionsFor", { title })}
          aria-haspopup="menu"
          aria-expanded={menuOpen}
          onClick={(event) => acts.menu(session, event.currentTarget)}
          className={classes(
            "absolute end-0.5 top-0.5 inline-grid size-8 place-items-center rounded-lg text-ink hover:bg-line/60",
            "group-focus-within:opacity-100 group-hover:opacity-100 pointer-coarse:size-11 pointer-coarse:opacity-100",
            "[&_svg]:size-4",
            menuOpen ? "opacity-100" : "opacity-0",
          )}
        >
          <Ellipsis aria-hidden />
        </button>
      )}
    </div>
  );
});

function Marks({ session, t }: { session: Session; t: TFunction }) {
  return (
    <>
      {session.running && (
        <span className="relative top-px size-2 shrink-0 animate-pulse rounded-full bg-dusk">
          <span className="sr-only">{t("history.running")}</span>
        </span>
      )}
      {!session.running && !!session.unread && (
        <span className="relative top-px size-2 shrink-0 rounded-full bg-kelp">
          <span className="sr-only">{t("history.unread", { count: session.unread })}</span>
        </span>
      )}
      {session.pinned && (
        <Pin aria-label={t("history.isPinned")} className="size-3 shrink-0 self-center text-kelp" />
      )}
    </>
  );
}

function Rename({ session, done }: { session: Session; done: (title: string | null) => void }) {
  const { t } = useTranslation();
  const [title, setTitle] = useState(session.title);
  const save = () => done(title.trim() && title.trim() !== session.title ? title.trim() : null);
  return (
    <input
      autoFocus
      value={title}
      maxLength={500}
      aria-label={t("history.newTitle")}
      onFocus={(event) => event.currentTarget.select()}
      onChange={(event) => setTitle(event.target.value)}
      onBlur={save}
      onKeyDown={(event) => {
        if (event.nativeEvent.isComposing) return;
        if (event.key === "Enter") save();
        if (event.key !== "Escape") return;
        event.stopPropagation();
        event.preventDefault();
        done(null);
      }}
      className="m-1.5 min-w-0 flex-1 rounded-md border border-kelp bg-raised px-2 text-base text-ink sm:text-sm"
    />
  );
}

/** Stands where a conversation will be. */
export const BlankRow = memo(function BlankRow() {
  return (
    <div aria-hidden className="flex h-full flex-col justify-center gap-2 px-3">
      <span className="h-3 w-3/5 rounded bg-line/70" />
      <span className="h-2.5 w-4/5 rounded bg-line/40" />
    </div>
  );
});
