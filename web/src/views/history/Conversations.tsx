/** The conversations of the sidebar: what they are narrowed to, the list, and what is done to them. */
import { useNavigate } from "@tanstack/react-router";
import { lazy, Suspense, useCallback, useLayoutEffect, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { Trouble } from "~/parts/Trouble";
import { usePlace } from "~/place";
import { arriving } from "~/state/arriving";
import { closeDrawer, useIsWide } from "~/state/sidebar";

import { useActions } from "./actions";
import { ChosenBar } from "./ChosenBar";
import { useChosen } from "./chosen";
import { EVERYTHING, setFilters, useFilters } from "./filters";
import { List, type ListHandle } from "./List";
import { ListHead } from "./ListHead";
import { useListing } from "./listing";
import { Peek, type Peeked } from "./Peek";
import type { Session } from "./queries";
import type { Asked } from "./questions";
import type { RowActs } from "./Row";
import { RowMenu, type OpenMenu, type RowDo } from "./RowMenu";

const Questions = lazy(() => arriving(() => import("./questions")));

export function Conversations() {
  const { t } = useTranslation();
  const filters = useFilters();
  const listing = useListing(filters);
  const place = usePlace();
  const wide = useIsWide();
  const list = useRef<ListHandle>(null);
  const chosen = useChosen(listing, filters);
  const peek = usePeek();
  const [roving, setRoving] = useState<string | null>(null);
  const [renaming, setRenaming] = useState<string | null>(null);
  const [menu, setMenu] = useState<OpenMenu | null>(null);
  const [asked, setAsked] = useState<Asked | null>(null);
  const acts = useActs({ setRoving, setRenaming, setAsked, setMenu, chosen, peek, list, wide });
  const empty = !listing.waiting && listing.rows.length === 0 && !listing.error;
  return (
    <section
      id="history"
      tabIndex={-1}
      aria-labelledby="history-head"
      className="flex min-h-0 flex-1 flex-col border-t border-line outline-none"
    >
      <ListHead
        listing={listing}
        filters={filters}
        jump={(month, oldest) => list.current?.jump(month, oldest)}
        choosing={chosen.ids !== null}
        toggleChoosing={chosen.toggle}
      />
      {listing.error && listing.rows.length === 0 ? (
        <Trouble error={listing.error} again={listing.again} />
      ) : null}
      {empty && <Nothing narrowed={filters !== EVERYTHING && !same(filters)} />}
      <List
        handle={list}
        listing={listing}
        current={place.session}
        roving={roving}
        renaming={renaming}
        chosen={chosen.ids}
        menu={menu?.session.id ?? null}
        acts={acts}
        chooseAll={() => void chosen.all()}
      />
      {chosen.ids && (
        <ChosenBar
          count={chosen.ids.size}
          archived={filters.archived}
          ask={(what) => setAsked({ what, ids: [...(chosen.ids ?? [])], session: null })}
          all={() => void chosen.all()}
          done={chosen.end}
        />
      )}
      {menu && (
        <RowMenu key={menu.session.id} menu={menu} act={acts.act} close={() => setMenu(null)} />
      )}
      {peek.peeked && wide && <Peek peeked={peek.peeked} hold={peek.hold} close={peek.close} />}
      {asked && (
        <Suspense fallback={null}>
          <Questions
            asked={asked}
            close={() => setAsked(null)}
            done={() => {
              setAsked(null);
              chosen.end();
            }}
          />
        </Suspense>
      )}
      <p role="status" className="sr-only">
        {listing.waiting ? t("history.waiting") : t("history.total", { count: listing.total })}
      </p>
    </section>
  );
}

const same = (filters: typeof EVERYTHING) =>
  Object.entries(EVERYTHING).every(([name, value]) => filters[name as "kind"] === value);

function Nothing({ narrowed }: { narrowed: boolean }) {
  const { t } = useTranslation();
  return (
    <div className="space-y-2 px-5 py-6 text-sm text-quiet">
      <p>{t(narrowed ? "history.noneNarrowed" : "history.none")}</p>
      {narrowed && (
        <button
          type="button"
          className="min-h-6 text-kelp underline"
          onClick={() => setFilters(EVERYTHING)}
        >
          {t("history.showAll")}
        </button>
      )}
    </div>
  );
}

interface Parts {
  setRoving: (id: string) => void;
  setRenaming: (id: string | null) => void;
  setAsked: (asked: Asked) => void;
  setMenu: (change: (now: OpenMenu | null) => OpenMenu | null) => void;
  chosen: ReturnType<typeof useChosen>;
  peek: ReturnType<typeof usePeek>;
  list: { current: ListHandle | null };
  wide: boolean;
}

/** Made once, so that a row is only drawn anew when it changes itself. */
function useActs(parts: Parts): RowActs {
  const go = useNavigate();
  const actions = useActions();
  const now = useRef({ ...parts, go, actions });
  useLayoutEffect(() => {
    now.current = { ...parts, go, actions };
  });
  return useMemo<RowActs>(
    () => ({
      open: (session) => {
        now.current.peek.close();
        closeDrawer();
        void now.current.go({ to: "/c/$session", params: { session: session.id } });
      },
      rove: (id) => now.current.setRoving(id),
      choose: (id, range) => now.current.chosen.choose(id, range),
      rename: (session, title) => {
        now.current.setRenaming(null);
        now.current.list.current?.focus(session.id);
        if (title !== null) void now.current.actions.rename(session, title);
      },
      act: (what, session) => {
        now.current.peek.close();
        run(what, session, now.current);
      },
      menu: (session, button) => {
        now.current.peek.close();
        now.current.setMenu((open) =>
          open?.session.id === session.id ? null : { session, button },
        );
      },
      peek: (session, row) =>
        session && row && now.current.wide
          ? now.current.peek.later({ session, row })
          : now.current.peek.leave(),
    }),
    [],
  );
}

function run(
  what: RowDo,
  session: Session,
  parts: Parts & { actions: ReturnType<typeof useActions> },
) {
  if (what === "rename") return setTimeout(() => parts.setRenaming(session.id));
  if (what === "pin") return void parts.actions.pin(session);
  if (what === "archive") return void parts.actions.archive([session.id], !session.archived);
  if (what === "choose") return parts.chosen.choose(session.id, false);
  return parts.setAsked({ what, ids: [session.id], session });
}

const WAIT = 450;

/** The card comes after a moment, and goes a moment after it was left. */
function usePeek() {
  const [peeked, setPeeked] = useState<Peeked | null>(null);
  const timer = useRef<ReturnType<typeof setTimeout>>(undefined);
  const soon = useCallback((next: Peeked | null, wait: number) => {
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setPeeked(next), wait);
  }, []);
  return {
    peeked,
    later: (next: Peeked) => soon(next, WAIT),
    leave: () => soon(null, 150),
    hold: useCallback(() => clearTimeout(timer.current), []),
    close: useCallback(() => soon(null, 0), [soon]),
  };
}
