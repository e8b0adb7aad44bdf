import { useTranslation } from "react-i18next";

import { classes } from "~/parts/classes";
import { Tip } from "~/parts/Tip";

/** 1 to 10, as five dots; in words for whom dots say nothing. */
export function Importance({ value }: { value: number }) {
  const { t } = useTranslation();
  const said = t("memories.importanceOf", { value });
  return (
    <Tip text={said}>
      <span role="img" aria-label={said} className="inline-flex gap-0.5">
        {[2, 4, 6, 8, 10].map((level) => (
          <span
            key={level}
            className={classes("size-1.5 rounded-full", value >= level - 1 ? "bg-kelp" : "bg-line")}
          />
        ))}
      </span>
    </Tip>
  );
}
