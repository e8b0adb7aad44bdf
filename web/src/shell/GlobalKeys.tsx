/** The keys that count everywhere, the search layer they open, and the sheet that lists all keys. */
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { Keys } from "~/parts/Keys";
import { Layer } from "~/parts/Layer";
import { useAllKeys, useKeys } from "~/state/keys";
import { openFinder, useFinder } from "~/state/finder";
import { OpenFinder } from "~/views/find/OpenFinder";

export function GlobalKeys() {
  const go = useNavigate();
  const finding = useFinder();
  const [sheet, setSheet] = useState(false);
  useKeys([
    { keys: "mod+k", does: "find", typing: true, run: openFinder },
    { keys: "?", does: "keys", run: () => setSheet(true) },
    {
      keys: "mod+shift+o",
      does: "newChat",
      typing: true,
      run: () => void go({ to: "/c/$session", params: { session: "new" } }),
    },
    { keys: "g m", does: "memories", run: () => void go({ to: "/memories" }) },
    { keys: "g a", does: "assistants", run: () => void go({ to: "/assistants" }) },
    { keys: "g p", does: "profile", run: () => void go({ to: "/profile" }) },
  ]);
  return (
    <>
      {finding && <OpenFinder />}
      <KeySheet open={sheet} close={() => setSheet(false)} />
    </>
  );
}

function KeySheet({ open, close }: { open: boolean; close: () => void }) {
  const { t } = useTranslation();
  // What several keys do is one line, and what two lists on the screen do is one, too.
  const lines = new Map<string, string[]>();
  for (const { does, keys } of useAllKeys())
    lines.set(does, [...new Set([...(lines.get(does) ?? []), keys])]);
  return (
    <Layer open={open} close={close} title={t("keys.title")}>
      <dl className="divide-y divide-line">
        {[...lines].map(([does, keys]) => (
          <div key={does} className="flex items-center justify-between gap-4 py-2 text-sm">
            <dt>{t(`keys.${does}` as "keys.find")}</dt>
            <dd className="flex shrink-0 items-center gap-3">
              {keys.map((one) => (
                <Keys key={one} keys={one} />
              ))}
            </dd>
          </div>
        ))}
      </dl>
    </Layer>
  );
}
