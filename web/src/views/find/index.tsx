/** Finding as a page: what is asked stands in the address, so that Back and reload bring it back. */
import { useLocation, useNavigate } from "@tanstack/react-router";
import { useCallback, useEffect, useId, useMemo, useRef, useState } from "react";
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";
import { Page } from "~/parts/Page";
import { usePlace } from "~/place";

import { askOf, searchOf, type Ask } from "./ask";
import { Finds } from "./Finds";
import { useGo } from "./go";
import { useFinding } from "./useFinding";
import { useKeptScroll } from "./useKeptScroll";

const FEW = 20;
const MANY = 100;

export default function FindPage() {
  const { t } = useTranslation();
  const [ask, set] = useAskInAddress();
  const [limit, setLimit] = useState(FEW);
  const finding = useFinding(ask, limit);
  const field = useRef<HTMLInputElement>(null);
  const scroller = useKeptScroll(finding.items.length > 0);
  const open = useGo(finding, () => undefined);
  const more =
    limit < MANY &&
    ((finding.found?.groups.length ?? 0) >= FEW || (finding.found?.archived.length ?? 0) >= FEW);
  return (
    <Page title={t("find.title")}>
      <div className="mx-auto flex h-full max-w-6xl flex-col">
        <Finds
          ask={ask}
          set={set}
          finding={finding}
          list={useId()}
          field={field}
          enter={(all) => open(finding.hit, all)}
          open={open}
          left={() => undefined}
          scroller={scroller}
          foot={
            more && (
              <p className="pb-6 text-center">
                <Button onClick={() => setLimit(MANY)}>{t("find.more")}</Button>
              </p>
            )
          }
        />
      </div>
    </Page>
  );
}

/** Typing replaces the address; assistant and project come from the place, as everywhere. */
function useAskInAddress(): [Ask, (ask: Ask) => void] {
  const go = useNavigate();
  const { search } = useLocation();
  const { assistant, project } = usePlace();
  const inAddress = useMemo<Ask>(
    () => ({ ...askOf(search as Record<string, unknown>), assistant, project }),
    [search, assistant, project],
  );
  // The field must not wait for the address: what is typed stands here first.
  const [ask, setAsk] = useState(inAddress);
  const written = useRef(inAddress);
  useEffect(() => {
    const same = JSON.stringify(searchOf(inAddress)) === JSON.stringify(searchOf(written.current));
    if (!same) setAsk(inAddress);
    written.current = inAddress;
  }, [inAddress]);
  const set = useCallback(
    (next: Ask) => {
      setAsk(next);
      written.current = next;
      void go({ to: "/find", search: searchOf(next) as never, replace: true, resetScroll: false });
    },
    [go],
  );
  return [ask, set];
}
