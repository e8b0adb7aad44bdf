import type { ComponentProps, ReactNode } from "react";

import { classes } from "./classes";
import { Tip } from "./Tip";

const TONES = {
  plain: "border border-edge bg-raised text-ink hover:bg-kelp-wash",
  main: "bg-kelp text-on-kelp hover:bg-kelp-strong",
  quiet: "text-ink hover:bg-kelp-wash",
  danger: "bg-rust text-on-rust hover:opacity-90",
} as const;

type Shared = ComponentProps<"button"> & { tone?: keyof typeof TONES };

/** A button with words on it. */
export function Button({ tone = "plain", className, ...rest }: Shared) {
  return (
    <button
      type="button"
      {...rest}
      className={classes(
        "inline-flex min-h-9 items-center justify-center gap-2 rounded-lg px-3 py-1.5 text-sm font-medium",
        "transition-colors disabled:opacity-55 pointer-coarse:min-h-11",
        TONES[tone],
        className,
      )}
    />
  );
}

/** A button in the head of a view: on a phone, where the head has one line, it is its picture alone. */
export function HeadButton({ icon, children, className, ...rest }: Shared & { icon: ReactNode }) {
  return (
    <Button
      {...rest}
      className={classes(
        "shrink-0 max-sm:size-9 max-sm:!px-0 max-sm:pointer-coarse:size-11 [&>svg]:size-4",
        "max-sm:[&>svg]:size-[1.15rem]",
        className,
      )}
    >
      {icon}
      <span className="max-sm:sr-only">{children}</span>
    </Button>
  );
}

/** A button that is a picture: its name is required, and shown when it is pointed at or focused. */
export function IconButton({
  name,
  keys,
  children,
  tone = "quiet",
  className,
  ...rest
}: Omit<Shared, "name" | "aria-label"> & { name: string; keys?: string; children: ReactNode }) {
  return (
    <Tip text={name} keys={keys}>
      <button
        type="button"
        {...rest}
        aria-label={name}
        className={classes(
          "inline-grid size-9 shrink-0 place-items-center rounded-lg transition-colors disabled:opacity-55",
          "pointer-coarse:size-11 [&_svg]:size-[1.15rem]",
          TONES[tone],
          className,
        )}
      >
        {children}
      </button>
    </Tip>
  );
}
