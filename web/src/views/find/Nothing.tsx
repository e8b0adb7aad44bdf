/** Nothing was found: what was looked for, and where more would be. Or: these are from elsewhere. */
import { useTranslation } from "react-i18next";

import { Button } from "~/parts/Button";

import { chipsOf, widened, type Ask } from "./ask";
import { chosen, useNames } from "./NarrowedTo";
import type { Found } from "./queries";

interface Props {
  ask: Ask;
  set: (ask: Ask) => void;
  found: Found;
  words: string;
}

/** The fields that narrow a search, put into one phrase: "the time and the project". */
function useDropped(found: Found): string {
  const { t, i18n } = useTranslation();
  const names = (found.wider?.drop ?? []).map((name) =>
    t(`find.drop.${name}` as "find.drop.since"),
  );
  return new Intl.ListFormat(i18n.language).format(names);
}

export function Nothing({ ask, set, found, words }: Props) {
  const { t } = useTranslation();
  const names = useNames();
  const dropped = useDropped(found);
  const narrowed = [
    ...chosen(ask, names, t).map(({ text }) => text),
    ...chipsOf(found.understood)
      .filter(({ kind }) => kind !== "phrase")
      .map(({ text }) => text),
  ];
  const { wider } = found;
  return (
    <div className="space-y-3 px-6 py-10 text-center">
      <p className="font-serif text-lg">
        {words ? t("find.nothingFor", { words }) : t("find.nothing")}
      </p>
      {narrowed.length > 0 && (
        <p className="text-sm text-quiet">
          {t("find.nothingIn", { narrowed: narrowed.join(" · ") })}
        </p>
      )}
      {wider && !wider.shown ? (
        <Button onClick={() => set(widened(ask, found.understood, wider.drop))}>
          {t("find.wider", { count: wider.count, what: dropped })}
        </Button>
      ) : (
        <p className="text-sm text-quiet">{t("find.nothingHint")}</p>
      )}
    </div>
  );
}

/** A time in words had left nothing: what is shown is from any time. */
export function Widened({ found }: { found: Found }) {
  const { t } = useTranslation();
  if (!found.wider?.shown) return null;
  const when = chipsOf(found.understood).find(({ kind }) => kind === "since" || kind === "until");
  return (
    <p className="mx-3 mb-1 rounded-lg bg-amber px-3 py-1.5 text-sm text-amber-ink">
      {t("find.widened", { when: when?.text ?? "" })}
    </p>
  );
}
