/** The field one types into. It keeps the focus; its keys walk through the results below. */
import { LoaderCircle, Search, X } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { KeyboardEvent, Ref } from "react";

import { IconButton } from "~/parts/Button";
import { classes } from "~/parts/classes";

import type { Ask } from "./ask";
import { optionId } from "./Results";
import type { Finding } from "./useFinding";

interface Props {
  ask: Ask;
  set: (ask: Ask) => void;
  finding: Finding;
  /** Id of the list of results. */
  list: string;
  field: Ref<HTMLInputElement>;
  /** Enter; `all` with Ctrl or Cmd. */
  enter: (all: boolean) => void;
}

export function FindField({ ask, set, finding, list, field, enter }: Props) {
  const { t } = useTranslation();
  const { items, item, waiting } = finding;
  const keys = (event: KeyboardEvent<HTMLInputElement>) => {
    if (event.nativeEvent.isComposing || !acts(event, finding, enter)) return;
    event.preventDefault();
    event.stopPropagation();
  };
  return (
    <div className="flex min-h-14 items-center gap-2.5 ps-4 pe-2">
      {waiting ? (
        <LoaderCircle aria-hidden className="size-5 shrink-0 animate-spin text-kelp" />
      ) : (
        <Search aria-hidden className="size-5 shrink-0 text-kelp" />
      )}
      <input
        ref={field}
        autoFocus
        type="text"
        inputMode="search"
        enterKeyHint="go"
        role="combobox"
        autoComplete="off"
        autoCorrect="off"
        spellCheck={false}
        maxLength={2000}
        value={ask.q}
        aria-label={t("find.field")}
        placeholder={t("find.placeholder")}
        aria-expanded={items.length > 0}
        aria-controls={list}
        aria-autocomplete="list"
        aria-activedescendant={optionId(list, item, items) || undefined}
        onChange={(event) => set({ ...ask, q: event.target.value })}
        onKeyDown={keys}
        className="min-h-11 min-w-0 flex-1 bg-transparent text-base outline-none placeholder:text-quiet sm:text-lg"
      />
      <IconButton
        name={t("find.clear")}
        onClick={() => set({ ...ask, q: "" })}
        className={classes(!ask.q && "invisible")}
      >
        <X />
      </IconButton>
    </div>
  );
}

/** Whether the key meant something for the results. */
function acts(
  event: KeyboardEvent<HTMLInputElement>,
  finding: Finding,
  enter: (all: boolean) => void,
): boolean {
  const { selectionStart, selectionEnd, value } = event.currentTarget;
  const atEnd = selectionStart === selectionEnd && selectionEnd === value.length;
  const back = document.documentElement.dir === "rtl" ? "ArrowRight" : "ArrowLeft";
  if (event.altKey || event.shiftKey) return false;
  if (event.key === "Enter") {
    enter(event.metaKey || event.ctrlKey);
    return true;
  }
  if (event.metaKey || event.ctrlKey || finding.items.length === 0) return false;
  if (event.key === "ArrowDown" || event.key === "ArrowUp") {
    finding.move(event.key === "ArrowDown" ? 1 : -1);
    return true;
  }
  // Within the words they move the caret, as everywhere.
  if ((event.key !== "ArrowRight" && event.key !== "ArrowLeft") || !atEnd) return false;
  return finding.stepBy(event.key === back ? -1 : 1);
}
