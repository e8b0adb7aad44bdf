import { useId, type ComponentProps, type ReactNode } from "react";

import { classes } from "./classes";

export const INPUT =
  "w-full min-h-9 rounded-lg border border-edge bg-raised px-3 py-1.5 text-base sm:text-sm text-ink " +
  "placeholder:text-quiet pointer-coarse:min-h-11 aria-invalid:border-rust";

/** One line to type into, with its label. */
export function Field({
  label,
  hint,
  wrong,
  hidden,
  className,
  ...rest
}: ComponentProps<"input"> & {
  label: string;
  hint?: ReactNode;
  wrong?: string | undefined;
  hidden?: boolean;
}) {
  const id = useId();
  const about = wrong ? `${id}w` : hint ? `${id}h` : undefined;
  return (
    <div className={className}>
      <label
        htmlFor={id}
        className={classes("mb-1 block text-sm font-medium", hidden && "sr-only")}
      >
        {label}
      </label>
      <input id={id} {...rest} aria-invalid={!!wrong} aria-describedby={about} className={INPUT} />
      {hint && !wrong && (
        <p id={`${id}h`} className="mt-1 text-xs text-quiet">
          {hint}
        </p>
      )}
      <p
        id={`${id}w`}
        aria-live="polite"
        className={classes("mt-1 text-xs text-rust", !wrong && "sr-only")}
      >
        {wrong}
      </p>
    </div>
  );
}
