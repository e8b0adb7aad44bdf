import { Tooltip } from "radix-ui";
import type { ReactNode } from "react";

import { Keys } from "./Keys";

/** A word about what is pointed at or focused. What it says must be in the accessible name already. */
export function Tip({
  text,
  keys,
  children,
}: {
  text: string;
  keys?: string | undefined;
  children: ReactNode;
}) {
  return (
    <Tooltip.Root>
      <Tooltip.Trigger asChild>{children}</Tooltip.Trigger>
      <Tooltip.Portal>
        <Tooltip.Content
          sideOffset={6}
          collisionPadding={8}
          className="z-50 flex max-w-80 items-center gap-2 rounded-md bg-ink px-2 py-1 text-xs text-paper shadow-layer"
        >
          {text}
          {keys && <Keys keys={keys} />}
        </Tooltip.Content>
      </Tooltip.Portal>
    </Tooltip.Root>
  );
}
