/** The field, what narrows, the results, and what was said around the one that is meant. */
import { ArrowLeft } from "lucide-react";
import type { ReactNode, Ref } from "react";
import { useTranslation } from "react-i18next";

import { IconButton } from "~/parts/Button";
import { Trouble } from "~/parts/Trouble";

import type { Ask } from "./ask";
import { Beginning } from "./Beginning";
import { FindField } from "./FindField";
import { NarrowedTo } from "./NarrowedTo";
import { Narrowing } from "./Narrowing";
import { Nothing, Widened } from "./Nothing";
import type { Hit } from "./queries";
import { Results } from "./Results";
import { Surroundings } from "./Surroundings";
import type { Finding } from "./useFinding";

interface Props {
  ask: Ask;
  set: (ask: Ask) => void;
  finding: Finding;
  list: string;
  field: Ref<HTMLInputElement>;
  enter: (all: boolean) => void;
  open: (hit: Hit | undefined, elsewhere: boolean) => void;
  left: () => void;
  /** Of the layer; the page has none. */
  close?: () => void;
  /** What scrolls, and what stands below the results. */
  scroller?: Ref<HTMLDivElement>;
  foot?: ReactNode;
}

export function Finds(props: Props) {
  const { ask, set, finding, list, field, enter, open, left, close, scroller, foot } = props;
  const { t } = useTranslation();
  const { found, items, item, hit, asked, waiting, error, words } = finding;
  const beside = item && hit;
  return (
    <>
      <div className="border-b border-line">
        <div className="flex items-center">
          {close && (
            <IconButton name={t("do.close")} onClick={close} className="ms-1 -me-3 sm:hidden">
              <ArrowLeft className="rtl:-scale-x-100" />
            </IconButton>
          )}
          <div className="min-w-0 flex-1">
            <FindField {...{ ask, set, finding, list, field, enter }} />
          </div>
        </div>
        <Narrowing ask={ask} set={set} />
        <NarrowedTo ask={ask} set={set} understood={found?.understood ?? []} />
      </div>
      <p role="status" className="sr-only">
        {asked && !waiting && found ? t("find.count", { count: items.length }) : ""}
      </p>
      <div className="flex min-h-0 flex-1">
        <div ref={scroller} className="min-w-0 flex-1 overflow-y-auto overscroll-contain p-1.5">
          {!asked && <Beginning ask={(q) => set({ ...ask, q })} left={left} />}
          {error ? <Trouble error={error} again={finding.again} /> : null}
          {found && <Widened found={found} />}
          {items.length > 0 && <Results id={list} finding={finding} open={open} />}
          {asked && found && items.length === 0 && !waiting && !error && (
            <Nothing ask={ask} set={set} found={found} words={words} />
          )}
          {items.length > 0 && foot}
        </div>
        {beside && (
          <aside className="hidden w-[44%] min-w-0 border-s border-line lg:block">
            <Surroundings item={item} hit={hit} words={words} />
          </aside>
        )}
      </div>
    </>
  );
}
