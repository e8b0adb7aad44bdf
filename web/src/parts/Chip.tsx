import { X } from "lucide-react";
import type { ReactNode } from "react";

import { classes } from "./classes";

/** A small label: a tag, a kind, a filter. With `remove` it has a button that takes it away. */
export function Chip({
  children,
  remove,
  removeName,
  className,
}: {
  children: ReactNode;
  remove?: () => void;
  removeName?: string;
  className?: string;
}) {
  return (
    <span
      className={classes(
        "inline-flex max-w-full items-center gap-1 rounded-full border border-line bg-sunken px-2 py-0.5 text-xs text-ink",
        className,
      )}
    >
      <span className="truncate">{children}</span>
      {remove && (
        <button
          type="button"
          aria-label={removeName}
          onClick={remove}
          className="-me-1.5 inline-grid size-6 place-items-center rounded-full hover:bg-kelp-wash [&_svg]:size-3"
        >
          <X />
        </button>
      )}
    </span>
  );
}
