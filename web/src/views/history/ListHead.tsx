/** Above the list: what it is narrowed to, the way to a month, and choosing several. */
import { CircleCheck, ListFilter } from "lucide-react";
import { useId, useState } from "react";
import { useTranslation } from "react-i18next";

import { IconButton } from "~/parts/Button";

import { type Filters } from "./filters";
import { Jump } from "./Jump";
import type { Listing } from "./listing";
import { Narrow, NarrowedTo } from "./Narrow";

interface Props {
  listing: Listing;
  filters: Filters;
  jump: (month: string, oldest?: boolean) => void;
  choosing: boolean;
  toggleChoosing: () => void;
}

export function ListHead({ listing, filters, jump, choosing, toggleChoosing }: Props) {
  const { t } = useTranslation();
  const [open, setOpen] = useState(false);
  const id = useId();
  return (
    <>
      <div className="flex items-center gap-0.5 ps-5 pe-2 pt-1">
        <h2 id="history-head" className="me-auto truncate text-[0.95rem] font-semibold">
          {t(filters.archived ? "history.archiveHead" : "history.conversations")}
        </h2>
        <Jump months={listing.months} jump={jump} />
        <IconButton
          name={t("history.filter")}
          aria-expanded={open}
          aria-controls={id}
          onClick={() => setOpen(!open)}
          className={open ? "bg-kelp-wash" : ""}
        >
          <ListFilter />
        </IconButton>
        <IconButton
          name={t("history.chooseSeveral")}
          aria-pressed={choosing}
          onClick={toggleChoosing}
          className={choosing ? "bg-kelp-wash" : ""}
        >
          <CircleCheck />
        </IconButton>
      </div>
      <div id={id}>{open && <Narrow filters={filters} />}</div>
      {!open && <NarrowedTo filters={filters} />}
    </>
  );
}
