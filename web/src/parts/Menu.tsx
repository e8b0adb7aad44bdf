import { MoreHorizontal } from "lucide-react";
import { DropdownMenu } from "radix-ui";
import type { ComponentProps, ReactNode } from "react";

import { classes } from "./classes";

/** How a menu looks, for those that open otherwise. */
export const MENU =
  "z-50 max-h-[70dvh] min-w-48 overflow-y-auto rounded-xl border border-line bg-raised p-1 text-ink shadow-layer";

/** What opens from a button: `trigger` is one element that takes a ref, with a name of its own. */
export function Menu({ trigger, children }: { trigger: ReactNode; children: ReactNode }) {
  return (
    <DropdownMenu.Root modal={false}>
      <DropdownMenu.Trigger asChild>{trigger}</DropdownMenu.Trigger>
      <DropdownMenu.Portal>
        <DropdownMenu.Content align="end" sideOffset={4} collisionPadding={8} className={MENU}>
          {children}
        </DropdownMenu.Content>
      </DropdownMenu.Portal>
    </DropdownMenu.Root>
  );
}

/** The three dots that open one. */
export function More({
  name,
  className,
  ...rest
}: Omit<ComponentProps<"button">, "name"> & { name: string }) {
  return (
    <button
      type="button"
      {...rest}
      aria-label={name}
      className={classes(
        "inline-grid size-8 shrink-0 place-items-center rounded-lg hover:bg-kelp-wash pointer-coarse:size-11 [&_svg]:size-4.5",
        className,
      )}
    >
      <MoreHorizontal />
    </button>
  );
}

interface ItemProps {
  icon?: ReactNode;
  run: () => void;
  danger?: boolean;
  disabled?: boolean;
  children: ReactNode;
}

export function MenuItem({ icon, run, danger, disabled, children }: ItemProps) {
  return (
    <DropdownMenu.Item
      disabled={disabled}
      onSelect={run}
      className={classes(
        "flex min-h-9 items-center gap-2.5 rounded-lg px-2.5 py-1.5 text-sm outline-none pointer-coarse:min-h-11",
        "data-[highlighted]:bg-kelp-wash data-[disabled]:opacity-50 [&_svg]:size-4 [&_svg]:shrink-0",
        danger && "text-rust",
      )}
    >
      {icon}
      {children}
    </DropdownMenu.Item>
  );
}

export const MenuLine = () => <DropdownMenu.Separator className="my-1 h-px bg-line" />;
export const MenuHead = ({ children }: { children: ReactNode }) => (
  <DropdownMenu.Label className="px-2.5 py-1 text-xs text-quiet">{children}</DropdownMenu.Label>
);
