/** A small layer that opens from a button and stays where it is: `trigger` is one element that takes a ref. */
import { Popover } from "radix-ui";
import type { ReactNode } from "react";

import { classes } from "./classes";

interface Props {
  open: boolean;
  setOpen: (open: boolean) => void;
  /** What it is, for who does not see it. */
  name: string;
  trigger: ReactNode;
  className: string;
  children: ReactNode;
}

export function Pop({ open, setOpen, name, trigger, className, children }: Props) {
  return (
    <Popover.Root open={open} onOpenChange={setOpen}>
      <Popover.Trigger asChild>{trigger}</Popover.Trigger>
      <Popover.Portal>
        <Popover.Content
          align="start"
          sideOffset={6}
          collisionPadding={8}
          aria-label={name}
          className={classes(
            "z-50 rounded-2xl border border-line bg-raised text-ink shadow-layer",
            className,
          )}
        >
          {children}
        </Popover.Content>
      </Popover.Portal>
    </Popover.Root>
  );
}
