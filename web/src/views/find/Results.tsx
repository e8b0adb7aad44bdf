/** What was found, under its headings, as one list for the field above it. */
import { useEffect, type MouseEvent } from "react";
import { useTranslation } from "react-i18next";

import { sectionsOf, type Item } from "./items";
import type { Hit } from "./queries";
import { ResultRow } from "./ResultRow";
import type { Finding } from "./useFinding";

interface Props {
  id: string;
  finding: Finding;
  /** `elsewhere`: in a tab of its own. */
  open: (hit: Hit, elsewhere: boolean) => void;
}

export const optionId = (list: string, item: Item | undefined, items: readonly Item[]): string =>
  item ? `${list}-${items.indexOf(item)}` : "";

export function Results({ id, finding, open }: Props) {
  const { t } = useTranslation();
  const { items, item, hit, step } = finding;
  const active = optionId(id, item, items);
  useEffect(() => {
    document.getElementById(active)?.scrollIntoView({ block: "nearest" });
  }, [active]);

  const press = (event: MouseEvent<HTMLDivElement>) => {
    const target = event.target as Element;
    const key = target.closest<HTMLElement>("[data-result]")?.dataset["result"];
    if (!key) return;
    const by = target.closest<HTMLElement>("[data-step]")?.dataset["step"];
    if (by) return void finding.stepBy(Number(by));
    const one = items.find((other) => other.key === key);
    const pressed = one === item ? hit : one?.hits[0];
    if (pressed) open(pressed, event.metaKey || event.ctrlKey);
  };

  return (
    // The keys are those of the field, which keeps the focus.
    <div
      id={id}
      role="listbox"
      tabIndex={-1}
      aria-label={t("find.results")}
      onClick={press}
      onKeyDown={() => undefined}
      className="outline-none"
    >
      {sectionsOf(items).map(([section, list]) => (
        <div key={section} role="group" aria-labelledby={`${id}-${section}`} className="pb-2">
          <p id={`${id}-${section}`} className="px-3 pt-3 pb-1 font-serif text-sm font-semibold">
            {t(`find.sections.${section}`)}
          </p>
          {list.map((one) => {
            const meant = one === item;
            const shown = meant ? hit : one.hits[0];
            return (
              shown && (
                <ResultRow
                  key={one.key}
                  id={optionId(id, one, items)}
                  item={one}
                  hit={shown}
                  step={meant ? step : 0}
                  active={meant}
                />
              )
            );
          })}
        </div>
      ))}
    </div>
  );
}
